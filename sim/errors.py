"""Errors with one plain line for the person at the keyboard."""


class LamplighterError(Exception):
    """A mistake in what the user supplied. ``str(error)`` is one line; commands exit with status 2."""


class SpecError(LamplighterError):
    """A run specification is not valid: names the key, what was expected and what was found."""


class DataError(LamplighterError):
    """A data file or table is not valid: names the file, column and row, what was expected and found."""


class OwnershipError(RuntimeError):
    """A mechanism wrote a column, layer or state that it does not own (a programming error)."""
