"""How bad is a harm, how likely, and which risk level follows? A declared look-up, never arithmetic.

DCB0129 and DCB0160 oblige an organisation to declare its scheme; the guidance's example (DCB0129 implementation
guidance v3.2, tables 7 to 10) ladders severity by the number of patients and looks the level up in a grid of 25
cells. A product of the two numbers gives another, laxer order, so this type has none.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from alarp.kernel import BadInput

UNMEASURED_FLOOR = 3  # a hazard that nobody has measured is at least of medium likelihood


class Patients(StrEnum):
    """How many patients would one event harm?"""

    ONE = "one"
    SEVERAL = "several"


@dataclass(frozen=True, slots=True)
class Severity:
    """One step of the severity ladder: what it means for one patient, and what for several."""

    level: int
    word: str
    one: str
    several: str

    def means(self, patients: Patients) -> str:
        """Which harm is this, for so many patients? Empty when the ladder has no such step."""
        return self.one if patients is Patients.ONE else self.several


@dataclass(frozen=True, slots=True)
class Likelihood:
    """One step of the likelihood scale."""

    level: int
    word: str
    meaning: str


@dataclass(frozen=True, slots=True)
class LevelRule:
    """What must happen before a risk of this level may stand? Nobody accepts one that is not acceptable."""

    level: int
    rule: str
    acceptable: bool
    accepted_by: tuple[str, ...] = ()
    review_date: bool = False


@dataclass(frozen=True, slots=True)
class Score:
    """How severe and how likely, for one patient or for several."""

    severity: int
    likelihood: int
    patients: Patients = Patients.ONE

    @property
    def cell(self) -> tuple[int, int]:
        return self.severity, self.likelihood

    def eases(self, other: Score) -> bool:
        """Is this score lower than the other in anything?"""
        return self.severity < other.severity or self.likelihood < other.likelihood


@dataclass(frozen=True, slots=True)
class RiskScheme:
    """A declared scheme, in one version. `grid[likelihood - 1][severity - 1]` is the level."""

    version: str
    title: str
    source: str
    severities: tuple[Severity, ...]
    likelihoods: tuple[Likelihood, ...]
    grid: tuple[tuple[int, ...], ...]
    rules: tuple[LevelRule, ...]

    def level(self, score: Score) -> int:
        """Which risk level does this score have? Looked up; BadInput for a score outside the scheme."""
        self.check(score)
        return self.grid[score.likelihood - 1][score.severity - 1]

    def rule(self, level: int) -> LevelRule:
        return next(rule for rule in self.rules if rule.level == level)

    def severity(self, level: int) -> Severity:
        return next(s for s in self.severities if s.level == level)

    def likelihood(self, level: int) -> Likelihood:
        return next(step for step in self.likelihoods if step.level == level)

    def check(self, score: Score) -> None:
        """Is this a score of the scheme? The ladder has no step 'catastrophic' for one patient, as death of one is Major."""
        if score.severity not in {s.level for s in self.severities}:
            raise BadInput(
                f"The severity is {score.severity!r}; scheme {self.version} has {self._steps(self.severities)}."
            )
        if score.likelihood not in {step.level for step in self.likelihoods}:
            raise BadInput(
                f"The likelihood is {score.likelihood!r}; scheme {self.version} has {self._steps(self.likelihoods)}."
            )
        step = self.severity(score.severity)
        if not step.means(score.patients):
            many = "one patient" if score.patients is Patients.ONE else "several patients"
            other = "several patients" if score.patients is Patients.ONE else "one patient"
            raise BadInput(
                f"{step.word} has no meaning for {many} in scheme {self.version}; choose another severity or {other}."
            )

    @staticmethod
    def _steps(steps: Sequence[Severity | Likelihood]) -> str:
        return ", ".join(f"{step.level} ({step.word})" for step in sorted(steps, key=lambda s: s.level))

    def words(self, score: Score) -> str:
        """How is a score read? 'Major, low likelihood: level 3'."""
        likely = self.likelihood(score.likelihood).word.lower()
        return f"{self.severity(score.severity).word}, {likely} likelihood: level {self.level(score)}"

    def cell_counts(self) -> dict[int, int]:
        """How many of the cells have each level?"""
        return dict(sorted(Counter(level for row in self.grid for level in row).items()))
