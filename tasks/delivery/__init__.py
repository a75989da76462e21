"""What goes to a vendor and what comes back: payloads, batches, the inbox, the checks."""
