"""Evaluation sets, and what makes them. Not part of the package."""
