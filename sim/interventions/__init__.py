"""Interventions: one file or family each, found by themselves and known by name in the registry."""
