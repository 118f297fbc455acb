"""What was done: entries in, positions, lots, cash and gains out. Pure."""
