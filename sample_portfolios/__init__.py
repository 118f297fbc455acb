"""Portfolio files to copy, and the real prices that they replay; shipped inside the wheel."""
