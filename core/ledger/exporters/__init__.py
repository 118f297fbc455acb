"""A ledger in the formats of other programs. Pure: a head and entries in, text out."""
