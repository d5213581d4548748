"""Justice."""
