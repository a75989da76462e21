"""When another round is not worth its money, one file a rule."""
