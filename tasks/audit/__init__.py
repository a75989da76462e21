"""Why, verification, and the record in MLflow."""
