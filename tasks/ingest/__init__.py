"""From files that a user has to items, columns by kind, and a first params.yaml."""
