"""Colours and layout of the screen."""
