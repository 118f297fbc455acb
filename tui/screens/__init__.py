"""The screens and dialogs. Only the monitor is loaded before the first frame."""
