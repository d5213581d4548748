"""What residents hear of the work of the police and courts."""

from __future__ import annotations


def news_of_justice(model) -> dict:
    """Return the state of the mechanism ``justice``; empty when it is missing or switched off.

    ``arrested`` and ``stopped`` are ids of people, ``solved`` indices of cleared events, all of the last tick in which
    justice stepped; events before ``next`` have been through recording.
    """
    justice = model.mechanisms.get("justice")
    return justice.state if justice is not None and justice.params.enabled else {}
