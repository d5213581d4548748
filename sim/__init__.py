"""The model: a city, its people, what they do and what is done about it."""
