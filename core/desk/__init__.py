"""One portfolio, live: a snapshot out, a confirmation in, an entry recorded."""
