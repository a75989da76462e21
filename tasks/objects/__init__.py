"""Files by name, in a bucket or in a folder: written once, by whoever is first."""
