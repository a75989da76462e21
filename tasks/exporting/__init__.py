"""Files for other programs: CSV, parquet, JSON lines."""
