"""From answers to labels: aggregation, gold, agreement, annotators."""
