"""The model: a city, its people, what they do and what is done about it."""

from sim import kernel_cache

kernel_cache.use()
