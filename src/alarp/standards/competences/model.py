"""What is a competence framework made of? Domains, statements, four levels, archetypes, and who needs which level."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

MOST = 4  # the highest of the four knowledge levels


@dataclass(frozen=True, slots=True)
class Statement:
    """One thing that somebody can do, with the level that each archetype, or one role, needs."""

    slug: str
    says: str
    domain: str
    by_archetype: tuple[tuple[str, int], ...] = ()
    by_role: tuple[tuple[str, int], ...] = ()
    added_by: str = ""  # the Trust that added it; empty: national

    @property
    def name(self) -> str:
        """'ai.evaluating': how a module refers to it."""
        return f"{self.domain}.{self.slug}"


@dataclass(frozen=True, slots=True)
class Domain:
    """One domain of the framework with its statements."""

    slug: str
    title: str
    number: str
    statements: tuple[Statement, ...]


@dataclass(frozen=True, slots=True)
class Step:
    """One step on the way into AI work: the level that it asks for in each of its domains."""

    slug: str
    title: str
    says: str
    needs: tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True)
class Framework:
    """A version of the framework, with what a Trust added to it."""

    version: str
    title: str
    source: str
    url: str
    levels: tuple[tuple[int, str], ...]
    archetypes: tuple[tuple[str, str, str], ...]  # letter, title, what it means
    domains: tuple[Domain, ...]
    roles: tuple[tuple[str, tuple[str, ...]], ...]  # role → its archetypes
    steps: tuple[Step, ...]
    coverage_target: float
    coverage_source: str
    expiry_warning_days: int

    @property
    def statements(self) -> tuple[Statement, ...]:
        return tuple(s for domain in self.domains for s in domain.statements)

    def level_needed(self, statement: Statement, role: str) -> int:
        """Which level does this role need here? Its own where one is stated, else the highest of its archetypes."""
        own = dict(statement.by_role).get(role)
        if own is not None:
            return own
        levels = dict(statement.by_archetype)
        return max((levels.get(letter, 0) for letter in dict(self.roles).get(role, ())), default=0)

    def level_for(self, statement: Statement, roles: Iterable[str]) -> int:
        """Which level does somebody in all these roles need?"""
        return max((self.level_needed(statement, role) for role in roles), default=0)

    def extended(self, additions: Iterable[Statement]) -> Framework:
        """This framework with a Trust's own statements, each under its domain."""
        added = tuple(additions)
        return replace(
            self,
            domains=tuple(
                replace(d, statements=(*d.statements, *(s for s in added if s.domain == d.slug)))
                for d in self.domains
            ),
        )

    def step_reached(self, levels: Mapping[str, int]) -> tuple[Step | None, Step | None]:
        """On which step does somebody with these levels stand, and which comes next? Steps are taken in order."""
        reached: Step | None = None
        for step in self.steps:
            if self.missing_for(step, levels):
                return reached, step
            reached = step
        return reached, None

    def missing_for(self, step: Step, levels: Mapping[str, int]) -> tuple[Statement, ...]:
        """Which statements keep somebody from this step? A Trust's own additions do not."""
        needs = dict(step.needs)
        return tuple(
            s
            for s in self.statements
            if not s.added_by and s.domain in needs and levels.get(s.name, 0) < needs[s.domain]
        )
