"""Tests of core.costs."""
