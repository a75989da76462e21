"""Expectations of the data: their suites, running them, and what they cannot say."""
