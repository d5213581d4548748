"""Configuration files: what a task composes. YAML holds only what departs from the declared defaults."""
