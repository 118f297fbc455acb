"""What it is worth: quotes with their price, time and currency, and how far to trust them."""
