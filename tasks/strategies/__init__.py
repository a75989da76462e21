"""Which items to ask for, one file a strategy."""
