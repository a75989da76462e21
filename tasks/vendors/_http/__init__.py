"""HTTP for vendors: one place that sends, so that every failure becomes the right error."""
