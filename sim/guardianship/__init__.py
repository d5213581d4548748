"""Guardianship."""
