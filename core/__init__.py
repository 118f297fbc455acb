"""What strikezone decides and records; it knows no screen."""
