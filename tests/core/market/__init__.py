"""Tests of core.market."""
