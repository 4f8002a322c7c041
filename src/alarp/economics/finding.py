"""What does this case say, in numbers that a page, a script and a signature can hold?"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from alarp.economics.breakeven import VIEWS, BreakEven, break_even, cost_of
from alarp.economics.case import Case
from alarp.economics.figures import ZERO, Figure, exactly, figures_of, pence
from alarp.economics.flows import EXPECTED, LICENCE, Flow, flow, volumes
from alarp.economics.funding import Cliff, cliff
from alarp.economics.outcome import cost_per_outcome
from alarp.economics.recalls import Recalled, RecallEffect, recall_effect
from alarp.economics.rules import Rules
from alarp.economics.sensitivity import Swing, tornado

SCHEMA = "alarp.cost/1"
METHOD = (
    "Constant prices; set-up counts in full, every later payment at the end of its year; "
    "discounted by 1 / (1 + rate) ^ year; exact decimals, rounded to pence at the end."
)
_QUANTUM = Decimal("0.000001")


@dataclass(frozen=True, slots=True)
class CostFinding:
    """Everything that was computed from one case under one version of the rules."""

    case: Case
    rules: Rules
    flows: tuple[tuple[str, Flow], ...]
    break_evens: tuple[tuple[str, tuple[BreakEven, ...]], ...]
    recalls: tuple[tuple[str, RecallEffect], ...]
    swings: tuple[Swing, ...]
    cliff: Cliff | None

    def flow(self, scenario: str = EXPECTED) -> Flow:
        return dict(self.flows)[scenario]

    def as_dict(self) -> dict[str, Any]:
        """The body of the evidence and the answer of `--json`: plain numbers, money in pounds to the penny."""
        with exactly():
            return _as_dict(self)


def appraise(case: Case, rules: Rules) -> CostFinding:
    """What does it cost and bring at low, expected and high volume, when does it pay, what moves it most?"""
    with exactly():
        flows = tuple((name, flow(case, volume)) for name, volume in volumes(case))
        return CostFinding(
            case=case,
            rules=rules,
            flows=flows,
            break_evens=tuple(
                (name, tuple(break_even(case, view, here.volume) for view in VIEWS)) for name, here in flows
            ),
            recalls=tuple((name, recall_effect(case.recalls, here.volume)) for name, here in flows)
            if case.recalls is not None
            else (),
            swings=tornado(case),
            cliff=cliff(case, dict(flows)[EXPECTED], rules.notice_months),
        )


def _as_dict(found: CostFinding) -> dict[str, Any]:
    case = found.case
    return {
        "schema": SCHEMA,
        "rules": found.rules.version,
        "method": METHOD,
        "title": case.title,
        "tool": case.tool,
        "prices": case.prices,
        "study": case.one_study,
        "studies": case.many_studies,
        "years": case.years,
        "discount_rate": float(case.discount.value),
        "volumes": {
            name: _flow(found, here, dict(found.break_evens)[name], dict(found.recalls).get(name))
            for name, here in found.flows
        },
        "no_recalls_because": case.no_recalls_because,
        "tornado": [_swing(swing) for swing in found.swings],
        "funding": _cliff(found.cliff),
        "figures": [_figure(figure) for figure in figures_of(case)],
        "nothing": [
            {"line": line.slug, "name": line.name, "because": line.nothing_because}
            for line in case.lines
            if line.nothing_because
        ],
        "cautions": list(found.rules.cautions),
    }


def _flow(
    found: CostFinding, here: Flow, answers: tuple[BreakEven, ...], recall: RecallEffect | None
) -> dict[str, Any]:
    studies = here.studies
    total = here.total(lambda y: y.cost)
    licence_total = here.total(lambda y: y.of(LICENCE))
    return {
        "volume_a_year": float(here.volume),
        "licence": pence(licence_total),
        "cost": pence(total),
        "hidden": pence(total - licence_total),
        "cost_discounted": pence(here.total(lambda y: y.cost, discounted=True)),
        "licence_discounted": pence(here.total(lambda y: y.of(LICENCE), discounted=True)),
        "cash_benefit": pence(here.total(lambda y: y.cash_benefit)),
        "other_benefit": pence(here.total(lambda y: y.other_benefit)),
        "net": pence(here.total(lambda y: y.net)),
        "net_discounted": pence(here.total(lambda y: y.net, discounted=True)),
        "cash_net_discounted": pence(here.total(lambda y: y.cash_benefit - y.cost, discounted=True)),
        "cost_a_study": _ratio(total, studies),
        "licence_a_study": _ratio(licence_total, studies),
        "lines": {slug: pence(here.total(lambda y, s=slug: y.of(s))) for slug in here.slugs},  # type: ignore[misc]
        "phases": {phase: pence(_in_phase(here, phase)) for phase in ("set-up", "run", "exit")},
        "years": [
            {
                "year": y.year,
                "factor": _plain(y.factor),
                "lines": {slug: pence(y.of(slug)) for slug in here.slugs},
                "cost": pence(y.cost),
                "cash_benefit": pence(y.cash_benefit),
                "other_benefit": pence(y.other_benefit),
                "net": pence(y.net),
                "net_discounted": pence(y.net * y.factor),
            }
            for y in here.years
        ],
        "break_even": [_break_even(found, here, answer) for answer in answers],
        "recalls": _recall(recall),
        "cost_per_extra_true_positive": _cost_of_one_found(here, recall),
    }


def _cost_of_one_found(here: Flow, recall: RecallEffect | None) -> float | None:
    """The net cost of the whole case for each additional person found, both worth of today."""
    if recall is None:
        return None
    found = here.total(lambda y: recall.extra_true_positives if y.year else ZERO, discounted=True)
    ratio = cost_per_outcome(-here.total(lambda y: y.net, discounted=True), found)
    return None if ratio is None else pence(ratio)


def _in_phase(here: Flow, phase: str) -> Decimal:
    return sum((item.amount for year in here.years for item in year.costs if item.phase == phase), ZERO)


def _break_even(found: CostFinding, here: Flow, answer: BreakEven) -> dict[str, Any]:
    return {
        "counts": answer.view,
        "cost_discounted": pence(here.total(cost_of(answer.view), discounted=True)),
        "cost_a_study": _maybe(answer.cost_a_study),
        "minutes_a_study": _maybe(answer.minutes),
        "minutes_because": answer.minutes_because,
        "minutes_expected": _plain(answer.found_minutes),
        "volume_a_year": _maybe(answer.volume),
        "volume_because": answer.volume_because,
    }


def _recall(recall: RecallEffect | None) -> dict[str, Any] | None:
    if recall is None:
        return None
    return {
        "before": _recalled(recall.before),
        "after": _recalled(recall.after),
        "extra_assessments": _plain(recall.extra_assessments),
        "extra_sessions": int(recall.extra_sessions),
        "extra_cost": pence(recall.extra_cost),
        "extra_worried": _plain(recall.extra_worried),
        "extra_true_positives": _plain(recall.extra_true_positives),
        "worried_per_extra_true_positive": _maybe(recall.worried_per_extra_true_positive),
        "because": recall.because,
    }


def _recalled(recalled: Recalled) -> dict[str, Any]:
    return {
        "assessments": _plain(recalled.assessments),
        "true_positives": _plain(recalled.true_positives),
        "worried": _plain(recalled.worried),
        "worried_per_true_positive": _maybe(recalled.worried_per_true_positive),
    }


def _swing(swing: Swing) -> dict[str, Any]:
    return {
        "key": swing.figure.key,
        "name": swing.figure.name,
        "unit": swing.figure.unit,
        "low": _plain(swing.low),
        "high": _plain(swing.high),
        "net_at_low": pence(swing.at_low),
        "net_at_high": pence(swing.at_high),
    }


def _cliff(cliff: Cliff | None) -> dict[str, Any] | None:
    if cliff is None:
        return None
    return {
        "funded_months": float(cliff.funded_months),
        "contract_months": float(cliff.contract_months),
        "useful_life_months": float(cliff.useful_life_months),
        "unfunded_months": float(cliff.unfunded_months),
        "unfunded_cost": pence(cliff.unfunded_cost),
        "unused_life_months": float(cliff.unused_life_months),
        "decide_by_month": float(cliff.decide_by_month),
        "ends_on": cliff.ends_on,
        "decide_by": cliff.decide_by,
    }


def _figure(figure: Figure) -> dict[str, Any]:
    return {
        "key": figure.key,
        "name": figure.name,
        "value": float(figure.value),
        "unit": figure.unit,
        "source": figure.source,
        "kind": figure.kind.value,
        "low": None if figure.low is None else float(figure.low),
        "high": None if figure.high is None else float(figure.high),
    }


def _plain(value: Decimal) -> float:
    """A number that is not money, to six decimals."""
    return float(value.quantize(_QUANTUM)) + 0.0


def _maybe(value: Decimal | None) -> float | None:
    return None if value is None else _plain(value)


def _ratio(amount: Decimal, count: Decimal) -> float | None:
    return pence(amount / count) if count > ZERO else None
