"""The parts of the vendor whose annotators fill in files."""
