"""What commands do, and what they say of it: one module a command."""
