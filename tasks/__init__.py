"""The stages of a labeling round and everything they are made of."""

from tasks.domain import arithmetic

__version__ = "0.1.0"

# Before any library that adds is imported.
arithmetic.pin()
