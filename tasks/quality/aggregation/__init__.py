"""From several answers to one label, one file an aggregator."""
