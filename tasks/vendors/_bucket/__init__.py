"""The parts of the vendor with whom files are exchanged through a bucket."""
