"""Where answers come from, one file a vendor."""
