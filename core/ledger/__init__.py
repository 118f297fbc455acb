"""What was done: the entries on disk, and the only room that touches their files."""
