"""The append-only, hash-chained list of facts."""
