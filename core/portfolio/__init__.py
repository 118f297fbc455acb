"""What the user wants: targets, bands, policy, costs and limits, read from a TOML file."""
