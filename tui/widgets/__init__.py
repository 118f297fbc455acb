"""The parts of the screen. All of them draw lines of styled text; none parses markup."""
