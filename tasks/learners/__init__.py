"""The classifiers at the end of the pipeline, one file a learner."""
