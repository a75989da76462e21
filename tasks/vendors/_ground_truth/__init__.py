"""The parts of SageMaker Ground Truth."""
