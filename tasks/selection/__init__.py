"""From strategies' scores to a batch, with the chance that each item had to be in it."""
