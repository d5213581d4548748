"""Shocks: what happens to a city and hits every arm alike."""
