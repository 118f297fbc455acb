"""When to act: weights, drift, states and triggers from a book and its quotes. Pure."""
