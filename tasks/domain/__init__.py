"""The vocabulary: items, answers, labels, decisions, the ports, the errors."""
