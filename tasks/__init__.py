"""The stages of a labeling round and everything they are made of."""

__version__ = "0.1.0"
