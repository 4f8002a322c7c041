"""What does a cost case consist of? Figures with their sources, in the places where they count."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from alarp.economics.figures import Figure
from alarp.economics.price import Price


class When(StrEnum):
    """When does a line fall due?"""

    ONCE = "once"
    YEARLY = "yearly"
    PER_STUDY = "per-study"
    AT_END = "at-end"


PHASES = {
    When.ONCE: "set-up",
    When.YEARLY: "run",
    When.PER_STUDY: "run",
    When.AT_END: "exit",
}


class BenefitClass(StrEnum):
    """Does a budget fall (cash-releasing), or is somebody free for other work?"""

    CASH = "CRB"
    NOT_CASH = "NCRB"


@dataclass(frozen=True, slots=True)
class Wage:
    """What an hour of this profession costs, under the name that lines and benefits use."""

    name: str
    figure: Figure


@dataclass(frozen=True, slots=True)
class Line:
    """One cost line: money, or time at a wage, or an explicit nothing with its reason.

    A line once falls due at the end of `first` (0: before use); a yearly or per-study line from `first` to `last`.
    """

    slug: str
    name: str
    when: When
    first: int
    last: int
    amount: Figure | None
    time: Figure | None
    wage: str
    nothing_because: str

    @property
    def phase(self) -> str:
        return PHASES[self.when]


@dataclass(frozen=True, slots=True)
class Benefit:
    """One benefit: minutes of a profession per study, or money, and which share of it is really realised."""

    name: str
    kind: BenefitClass
    when: When
    first: int
    minutes: Figure | None
    wage: str
    amount: Figure | None
    realised: Figure
    baseline: Figure
    budget_line: str


@dataclass(frozen=True, slots=True)
class Recalls:
    """How often are people called back, before and with the tool, and what is each assessment?"""

    rate_before: Figure
    rate_after: Figure
    cost: Figure
    per_session: Figure
    prevalence: Figure
    sensitivity_before: Figure
    sensitivity_after: Figure


@dataclass(frozen=True, slots=True)
class Funding:
    """For how long is it paid, signed for, and useful? `starts_on` turns months into dates where it is given."""

    funded: Figure
    contract: Figure
    useful_life: Figure
    starts_on: str


@dataclass(frozen=True, slots=True)
class Case:
    """One tool at one place over N years. Every number in it is a `Figure` with its source.

    Year 0 is before use; years 1 to `years` are paid at their end. `volume` carries the low and high volume.
    """

    title: str
    tool: str
    prices: str
    one_study: str
    many_studies: str
    years: int
    discount: Figure
    volume: Figure
    price: Price
    wages: tuple[Wage, ...]
    lines: tuple[Line, ...]
    benefits: tuple[Benefit, ...]
    recalls: Recalls | None
    no_recalls_because: str
    funding: Funding | None

    def wage(self, name: str) -> Figure:
        """What an hour of this profession costs."""
        return next(wage.figure for wage in self.wages if wage.name == name)
