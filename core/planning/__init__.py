"""What to do: trades, their costs and guards, as proposals. Pure."""
