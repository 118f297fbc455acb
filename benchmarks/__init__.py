"""What the README claims about speed, measured here and now: `python -m benchmarks [NAME...]`."""
