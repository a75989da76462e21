"""Features, pipeline, calibration, and the model as canonical bytes."""
