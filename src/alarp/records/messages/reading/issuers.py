"""Whose number is it? The issuer that an identifier of FHIR names; the sender's own where it names none. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from alarp.kernel import BadInput
from alarp.records.messages.reading.said import LONGEST_NUMBER


@dataclass(frozen=True, slots=True)
class Issuers:
    """The issuer behind each system of identifiers, as DICOM (0010,0021) and PID-3.4 spell it, and the sender's own."""

    own: str = ""
    by_system: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def read(cls, text: str, *, own: str = "") -> Issuers:
        """From `https://north.example/mrn NORTH; https://south.example/mrn SOUTH`. Raises BadInput for anything else."""
        found: dict[str, str] = {}
        for entry in filter(None, (one.strip() for one in text.split(";"))):
            system, _, issuer = (part.strip() for part in entry.partition(" "))
            if not issuer or system in found or len(issuer) > LONGEST_NUMBER:
                raise BadInput(
                    f"Setting fhir_issuers has {entry!r}; write each system of identifiers once, a space, and the issuer "
                    f"of at most {LONGEST_NUMBER} characters: https://north.example/mrn NORTH."
                )
            found[system] = issuer
        return cls(own, found)

    def of(self, identifier: Mapping[str, Any]) -> str:
        """Who issued this number? Empty: nobody can say, and it may be any hospital's.

        One in a system that is not entered is not the sender's own: an engine that hands on the numbers of two
        hospitals would make them one's.
        """
        system = str(identifier.get("system") or "")
        stated = str((identifier.get("assigner") or {}).get("display") or "")
        return self.by_system.get(system) or stated or ("" if system else self.own)
