"""Who is trusted with what: this machine's own records, outside every campaign."""
