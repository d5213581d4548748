"""What comes from beyond the city."""
