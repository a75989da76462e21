"""The simulated vendor's parts."""
