"""What all tests may use: the loopback Yahoo."""

pytest_plugins = ["tests.yahoo.fixtures"]
