"""What do the pages of competences say: may I use this, what do I still need, how did I do?"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from alarp.pathway import Entitlement, May
from alarp.standards.competences import Framework
from alarp.standards.competences.model import MOST
from alarp.web import words

IN_USE = ("live", "review", "change")

# How an answer is shown: a word, a sign that needs no colour, a style.
SIGNS = {
    May.UNAIDED: ("Unaided", "●", "unaided"),
    May.SUPERVISED: ("Under supervision", "◐", "supervised"),
    May.NONE: ("Not entitled", "✕", "none"),
}


@dataclass(frozen=True)
class MaySign:
    """The answer in one word with its sign."""

    word: str
    mark: str
    style: str


def sign(may: May) -> MaySign:
    return MaySign(*SIGNS[may])


@dataclass(frozen=True)
class ToolCard:
    """One tool that this person is to use: the answer, why, until when, what is next."""

    slug: str
    name: str
    site: str
    sign: MaySign
    reasons: tuple[str, ...]
    until: date | None
    days_left: int | None
    next_module: int | None
    next_title: str
    acknowledge: bool
    in_use: bool

    @property
    def entitled(self) -> bool:
        return self.sign.style != "none"

    def ends_soon(self, within: int) -> bool:
        return self.days_left is not None and self.days_left <= within


def tool_card(deployment: Any, answer: Entitlement, modules: Mapping[str, Any], today: date) -> ToolCard:
    """One tool as its user sees it."""
    following = modules.get(answer.next_module)
    return ToolCard(
        slug=deployment.slug,
        name=str(deployment.version),
        site=str(deployment.site),
        sign=sign(answer.may),
        reasons=tuple(words.in_words(reason) for reason in answer.reasons),
        until=answer.until,
        days_left=(answer.until - today).days if answer.until else None,
        next_module=following.pk if following else None,
        next_title=following.title if following else "",
        acknowledge=any("acknowledged" in reason for reason in answer.reasons),
        in_use=deployment.stage in IN_USE,
    )


@dataclass(frozen=True)
class RecordLine:
    """One thing that was passed."""

    module: int
    title: str
    tool: str
    dated: date
    expires_on: date
    score: str
    caught: str
    certificate: str
    expired: bool
    withdrawn: str

    @property
    def standing(self) -> str:
        if self.withdrawn:
            return f"withdrawn: {self.withdrawn}"
        return "expired" if self.expired else "in date"


def record_line(record: Any, today: date) -> RecordLine:
    withdrawal = getattr(record, "withdrawal", None)
    return RecordLine(
        module=record.module_id,
        title=record.module.title,
        tool=record.module.tool,
        dated=record.dated,
        expires_on=record.expires_on,
        score=f"{record.correct} of {record.items}",
        caught=""
        if record.failures is None or not record.failures
        else f"{record.caught} of {record.failures}",
        certificate=record.certificate,
        expired=record.expires_on < today,
        withdrawn=withdrawal.reason if withdrawal is not None else "",
    )


@dataclass(frozen=True)
class StatementLine:
    """One competence: what is needed in this person's roles, what their training shows."""

    says: str
    needed: int
    reached: int
    added_by: str

    @property
    def shown(self) -> str:
        """'●●': what training shows; then what is `owed` and what lies `beyond` the roles' need, up to four."""
        return "●" * self.reached

    @property
    def owed(self) -> str:
        return "○" * max(0, self.needed - self.reached)

    @property
    def beyond(self) -> str:
        return "·" * (MOST - max(self.needed, self.reached))

    @property
    def words(self) -> str:
        return f"level {self.reached} of {self.needed} needed" if self.needed else "not needed in your roles"

    @property
    def short(self) -> bool:
        return self.reached < self.needed


@dataclass(frozen=True)
class DomainCard:
    title: str
    lines: tuple[StatementLine, ...]

    @property
    def sentence(self) -> str:
        needed = [line for line in self.lines if line.needed]
        return f"{sum(not line.short for line in needed)} of {len(needed)} shown"


def domain_cards(
    framework: Framework, roles: Sequence[str], reached: Mapping[str, int]
) -> tuple[DomainCard, ...]:
    """The framework for somebody in these roles: only what they need, each with what their training shows."""
    cards = []
    for domain in framework.domains:
        lines = tuple(
            StatementLine(s.says, framework.level_for(s, roles), reached.get(s.name, 0), s.added_by)
            for s in domain.statements
        )
        cards.append(DomainCard(domain.title, tuple(line for line in lines if line.needed)))
    return tuple(card for card in cards if card.lines)


@dataclass(frozen=True)
class StepCard:
    """One step on the way into AI work, as a station of the line."""

    title: str
    says: str
    state: str  # passed, next, ahead: drawn as the gate line draws its stations
    missing: tuple[str, ...]


def step_cards(framework: Framework, reached: Mapping[str, int]) -> tuple[StepCard, ...]:
    _, following = framework.step_reached(reached)
    cards, state = [], "passed"
    for step in framework.steps:
        is_next = following is not None and step.slug == following.slug
        state = "next" if is_next else "ahead" if state in ("next", "ahead") else "passed"
        missing = tuple(s.says for s in framework.missing_for(step, reached)) if is_next else ()
        cards.append(StepCard(step.title, step.says, state, missing))
    return tuple(cards)


def lead(cards: Sequence[ToolCard]) -> str:
    """'You may act on what the AI says for 1 of 2 tools in use. Next: “LiverContour for dosimetrists”.'"""
    if not cards:
        return "You are not named as a user of any AI tool here, so there is nothing you must pass."
    used = [card for card in cards if card.in_use]
    ahead = len(cards) - len(used)
    text = ""
    if used:
        entitled = sum(card.entitled for card in used)
        text = f"You may act on what the AI says for {entitled} of {_tools(len(used))} in use."
    if ahead:
        text += f" {_tools(ahead)} that you are to use {'is' if ahead == 1 else 'are'} not in use yet."
    text = text.strip()
    following = next((card.next_title for card in cards if card.next_title and not card.entitled), "")
    return f"{text} Next: “{following}”." if following else text


def _tools(number: int) -> str:
    return f"{number} {'tool' if number == 1 else 'tools'}"


@dataclass(frozen=True)
class UserLine:
    """One named user on a tool's training page."""

    pk: int
    name: str
    role: str
    sign: MaySign
    because: str
    until: date | None
    days_left: int | None


def user_lines(rows: Iterable[Any], role: Callable[[str], str], today: date) -> tuple[UserLine, ...]:
    """The users, those who are not entitled first: they are whom the page is opened for."""
    order = {May.NONE: 0, May.SUPERVISED: 1, May.UNAIDED: 2}
    ranked = sorted(rows, key=lambda r: (order[r.entitlement.may], r.user.role, str(r.user.person)))
    return tuple(
        UserLine(
            pk=row.user.pk,
            name=str(row.user.person),
            role=role(row.user.role),
            sign=sign(row.entitlement.may),
            because=words.in_words(row.entitlement.because),
            until=row.entitlement.until,
            days_left=(row.entitlement.until - today).days if row.entitlement.until else None,
        )
        for row in ranked
    )
