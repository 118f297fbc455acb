"""What a person sees: command line, plain reports and the Textual app."""
