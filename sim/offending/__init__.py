"""Offending."""
