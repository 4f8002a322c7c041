"""How does Alarp say no? In one sentence that names the item, what was found and what to do."""

from __future__ import annotations


class AlarpError(Exception):
    """Base of every error whose text is written for a person. Never carries a patient identifier."""


class BadInput(AlarpError):
    """Something given to us cannot be used: a file, a row, a field, an argument."""


class NotPermitted(AlarpError):
    """This person may not do this (who)."""


class NotNow(AlarpError):
    """Nobody may do this in the present state (when)."""


class BrokenEvidence(AlarpError):
    """A signature, digest or chain does not hold."""


class Unavailable(AlarpError):
    """A part we depend on did not answer; the caller may try again later. `phase` names where it broke."""

    def __init__(self, sentence: str, *, phase: str = "") -> None:
        super().__init__(sentence)
        self.phase = phase
