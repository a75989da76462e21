"""git and DVC: the bytes of every round."""
