"""The parts of the vendor that is a Label Studio server."""
