"""Drugs."""
