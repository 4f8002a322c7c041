"""By which de-identification profile does an image leave for this tool? By the one that the data flow names."""

from __future__ import annotations

from dataclasses import dataclass

from alarp.identity import Profile
from alarp.records.governance import queries as governance
from alarp.standards.deidentification import NamedProfile, load_named


@dataclass(frozen=True, slots=True)
class Leaving:
    """A profile under its name: what is written down with every dispatch."""

    named: NamedProfile
    profile: Profile

    def __str__(self) -> str:
        return f"{self.named.name} {self.named.version}, {self.profile.name} {self.profile.version}"


def of_deployment(deployment: int) -> Leaving:
    """The profile of this deployment (its row's number), as its data flow stands now."""
    return by_name(governance.profile_of(deployment))


def by_name(name: str) -> Leaving:
    """The profile of this name. Raises BadInput for one that is not held."""
    return Leaving(*load_named(name))
