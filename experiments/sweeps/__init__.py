"""Experiments at scale: designs, run tables, stores and what is made of them."""
