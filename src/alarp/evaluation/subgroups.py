"""For whom does it work, and for whom may it not? Many groups counted at once, and each held against the rest."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from alarp.evaluation.cells import NOT_RECORDED
from alarp.evaluation.claims import TOO_FEW
from alarp.evaluation.fields import Fields
from alarp.evaluation.gaps import MULTIPLICITY, REST, Told, adjusted, difference_of_shares, shared, too_few
from alarp.evaluation.intervals import (
    WILSON_CLUSTERED,
    BoolArray,
    Codes,
    Comparison,
    FloatArray,
    n_for_interval,
    normal_quantile,
    wilson,
)
from alarp.kernel import BadInput, Measure

Counts = npt.NDArray[np.int64]
EMPTY = {"sensitivity": "no diseased case", "specificity": "no healthy case", "ppv": "no case was flagged",
         "npv": "every case was flagged"}  # fmt: skip
GAPS = ("sensitivity", "specificity")
_AT_ONCE = 1 << 15  # rows coded and counted together: they stay in the cache of a processor


# --- counting -------------------------------------------------------------------------------------------------------


def count_by_group(group: Codes, diseased: BoolArray, flagged: BoolArray, *, groups: int) -> Counts:
    """How many of each group were healthy or diseased, left alone or flagged?

    `group` holds one code a case from 0 to `groups` - 1. Gives counts[group, diseased, flagged] from one combined
    code and one count, in passes that stay in the cache.
    """
    cells, rows = 4 * groups, len(group)
    total = np.zeros(cells, dtype=np.int64)
    ill, called = diseased.view(np.uint8), flagged.view(np.uint8)
    code = np.empty(min(rows, _AT_ONCE), dtype=np.int64)
    part = np.empty(len(code), dtype=np.int64)
    for start in range(0, rows, _AT_ONCE):
        here = slice(start, min(rows, start + _AT_ONCE))
        one, two = code[: here.stop - start], part[: here.stop - start]
        np.left_shift(group[here], 2, out=one)
        two[:] = (ill[here] << 1) | called[here]
        one += two
        found = np.bincount(one, minlength=cells)
        if len(found) > cells:
            raise ValueError(f"a group's code is {int(group.max())}, but there are {groups} groups")
        total += found
    return total.reshape(groups, 2, 2)


@dataclass(frozen=True, slots=True)
class Shares:
    """One proportion in many groups: how many of how many, the share (NaN for 0/0) and its bounds."""

    events: Counts
    n: Counts
    estimate: FloatArray
    low: FloatArray
    high: FloatArray


def wilson_by_group(
    events: Counts, n: Counts, *, level: float = 0.95, worth: FloatArray | None = None
) -> Shares:
    """Which share of each group is a hit, between which bounds? Wilson 1927 (doi:10.2307/2276774), all at once.

    `worth` is the effective sample size of each group when its cases are clustered. 0/0 gives NaN throughout.
    """
    size = n.astype(np.float64) if worth is None else worth
    z = normal_quantile(level)
    with np.errstate(invalid="ignore", divide="ignore"):
        share = np.where(n > 0, events / n, np.nan)
        centre = share + z * z / (2 * size)
        half = z * np.sqrt(share * (1 - share) / size + z * z / (4 * size * size))
        scale = 1 + z * z / size
        low = np.where(events == 0, 0.0, (centre - half) / scale)
        high = np.where(events == n, 1.0, (centre + half) / scale)
    empty = n == 0
    return Shares(events, n, share, np.where(empty, np.nan, low), np.where(empty, np.nan, high))


def accuracy_by_group(
    group: Codes, diseased: BoolArray, flagged: BoolArray, *, groups: int, level: float = 0.95
) -> dict[str, Shares]:
    """How often is the tool right about the diseased, the healthy, the flagged and the not flagged of every group?"""
    counts = count_by_group(group, diseased, flagged, groups=groups)
    return {name: wilson_by_group(*_right_of(counts, name), level=level) for name in EMPTY}


def _right_of(counts: Counts, name: str) -> tuple[Counts, Counts]:
    """How many were right, of how many: for all groups (or their sum) at once."""
    healthy, ill = counts[..., 0, :], counts[..., 1, :]
    if name == "sensitivity":
        return ill[..., 1], ill.sum(axis=-1)
    if name == "specificity":
        return healthy[..., 0], healthy.sum(axis=-1)
    column = 1 if name == "ppv" else 0
    return (ill if name == "ppv" else healthy)[..., column], counts[..., column].sum(axis=-1)


# --- which groups ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Plan:
    """Which groups were declared, and how their gaps are judged?"""

    declared: tuple[tuple[str, ...], ...]  # ("sex",) or, for a two-way group, ("sex", "site")
    bands: Mapping[str, tuple[float, ...]]
    multiplicity: str
    minimum_n: int
    level: float
    gap_margin: float = 0.0

    @property
    def variables(self) -> tuple[str, ...]:
        """Which variables does the table have to hold, each once, in the order first named?"""
        return tuple(dict.fromkeys(name for names in self.declared for name in names))


def declared_groups(subgroups: Sequence[str]) -> tuple[tuple[str, ...], ...]:
    """Which variables make up each declared subgroup? `sex*site` crosses two."""
    found = tuple(tuple(part.strip() for part in name.split("*")) for name in subgroups)
    for names, written in zip(found, subgroups, strict=True):
        if "" in names or len(set(names)) < len(names):
            raise BadInput(
                f"The protocol's field 'subgroups' names '{written}': write one variable, or two different ones as in "
                "'sex*site'."
            )
    return found


def parse_plan(
    analysis: Fields, subgroups: Sequence[str], *, minimum_n: int, level: float, gap_margin: float | None
) -> Plan:
    """Which subgroup analysis does the protocol declare? Reads `bands` and `multiplicity` of its `analysis`."""
    plan = Plan(
        declared=declared_groups(subgroups),
        bands=_bands(analysis),
        multiplicity=analysis.choice("multiplicity", MULTIPLICITY, default="holm"),
        minimum_n=minimum_n,
        level=level,
        gap_margin=gap_margin or 0.0,
    )
    for name in plan.bands:
        if name not in plan.variables:
            raise BadInput(
                f"The protocol's field 'analysis.bands' bands '{name}', which is no subgroup: add it to 'subgroups' or "
                "remove the bands."
            )
    return plan


def _bands(analysis: Fields) -> dict[str, tuple[float, ...]]:
    found: dict[str, tuple[float, ...]] = {}
    for name, cuts in analysis.mapping("bands", optional=True).items():
        numbers = isinstance(cuts, list) and all(
            isinstance(c, (int, float)) and not isinstance(c, bool) for c in cuts
        )
        if not numbers or not cuts or sorted(set(cuts)) != list(cuts):
            raise analysis.wrong("bands", {name: cuts}, "rising numbers, as in {age: [40, 60, 80]}")
        found[str(name)] = tuple(float(c) for c in cuts)
    return found


def band_names(cuts: Sequence[float]) -> tuple[str, ...]:
    """How are the bands between these cuts called? A cut belongs to the band above it.

    >>> band_names([40, 60])
    ('under 40', '40 to under 60', '60 and over')
    """
    middle = [f"{a:g} to under {b:g}" for a, b in pairwise(cuts)]
    return (f"under {cuts[0]:g}", *middle, f"{cuts[-1]:g} and over")


def banded(
    cells: Sequence[str | None], cuts: Sequence[float], *, variable: str, cases: Sequence[str]
) -> list[str]:
    """In which declared band does each case lie? A cell that is no number is refused by case and column."""
    names, found = band_names(cuts), []
    for case, cell in zip(cases, cells, strict=True):
        if cell is None or cell == NOT_RECORDED:
            found.append(NOT_RECORDED)
            continue
        try:
            value = float(cell)
        except ValueError:
            value = float("nan")
        if not np.isfinite(value):
            raise BadInput(
                f"Case {case}: subgroup column '{variable}' holds '{cell}', but the protocol bands it by numbers; "
                "correct the cell or leave it empty."
            )
        found.append(names[int(np.searchsorted(cuts, value, side="right"))])
    return found


@dataclass(frozen=True, slots=True)
class Grouping:
    """One declared subgroup: the name of each of its groups and the group of each case."""

    names: tuple[str, ...]
    code: Codes
    recorded: tuple[
        bool, ...
    ]  # is every variable of the group known? An unknown one is shown, never compared


def groupings(plan: Plan, labels: Mapping[str, Sequence[str]]) -> Iterator[Grouping]:
    """Which groups do these cases form? `labels` holds each variable's word for every case, banded where declared.

    Groups are named `sex=F` and `sex=F, site=A`, bands in their own order, other words by the alphabet. A crossing
    that no case has is no group.
    """
    for names in plan.declared:
        words, codes = [], []
        for name in names:
            order = _order(plan, name, labels[name])
            place = {word: i for i, word in enumerate(order)}
            words.append(order)
            codes.append(np.array([place[word] for word in labels[name]], dtype=np.int64))
        joint = np.zeros(len(codes[0]), dtype=np.int64)
        for code, order in zip(codes, words, strict=True):
            joint = joint * len(order) + code
        present, code = np.unique(joint, return_inverse=True)
        parts = np.unravel_index(present, [len(order) for order in words])
        members = [
            [order[int(i)] for order, i in zip(words, row, strict=True)] for row in zip(*parts, strict=True)
        ]
        yield Grouping(
            names=tuple(", ".join(f"{n}={w}" for n, w in zip(names, m, strict=True)) for m in members),
            code=code.astype(np.int64),
            recorded=tuple(NOT_RECORDED not in m for m in members),
        )


def _order(plan: Plan, name: str, words: Sequence[str]) -> list[str]:
    present = set(words)
    known = [w for w in band_names(plan.bands[name]) if w in present] if name in plan.bands else []
    return known + sorted(present - set(known))


# --- what is said of each -------------------------------------------------------------------------------------------


def analyse(
    plan: Plan,
    labels: Mapping[str, Sequence[str]],
    diseased: BoolArray,
    flagged: BoolArray,
    *,
    patient: Codes | None = None,
    more: Callable[[str, BoolArray], Sequence[Measure]] | None = None,
) -> tuple[list[Measure], list[Comparison]]:
    """How does every declared group fare, and which differ from the rest by more than chance?

    For each group sensitivity, specificity, PPV and NPV (Wilson; at the effective sample size of Rao and Scott 1992
    when patients repeat) with n and events, and its gap in sensitivity and specificity against all cases outside it
    (Newcombe 1998, pooled z; patients with cases on both sides allowed for), the p values adjusted over all gaps that can be told, as declared (`plan.multiplicity`).
    A group or rest below `minimum_n` keeps its number and is marked 'too few to tell'; zero events and an empty class
    are said in words. Groups with an unrecorded variable are shown and not compared.
    `more` gives further measures of a group from its name and its members (the AUC, where there are scores).
    """
    rows: list[Measure] = []
    gaps: list[Comparison] = []
    for grouping in groupings(plan, labels):
        counts = count_by_group(grouping.code, diseased, flagged, groups=len(grouping.names))
        for index, name in enumerate(grouping.names):
            inside = grouping.code == index
            own = _told(
                name, counts[index], _worths(diseased, flagged, patient, inside, plan.level), plan.level
            )
            found = [measure for measure, _ in own.values()] + list(more(name, inside) if more else ())
            rows += [said(measure, plan.minimum_n) for measure in found]
            if grouping.recorded[index] and len(grouping.names) > 1:
                others = counts.sum(axis=0) - counts[index]
                rest = _told(
                    "rest", others, _worths(diseased, flagged, patient, ~inside, plan.level), plan.level
                )
                together = _together(diseased, flagged, patient, inside)
                gaps += [gap(own[name], rest[name], plan, alike=together[name]) for name in GAPS]
    alpha, margin = 1.0 - plan.level, plan.gap_margin
    return rows, adjusted(gaps, alpha=alpha, margin=margin, multiplicity=plan.multiplicity)


def _worths(
    diseased: BoolArray, flagged: BoolArray, patient: Codes | None, members: BoolArray, level: float
) -> dict[str, float] | None:
    """How many independent cases is each share worth? None: as many as there are."""
    if patient is None or len(np.unique(patient[members])) == int(members.sum()):
        return None
    right = diseased == flagged
    among = {"sensitivity": diseased, "specificity": ~diseased, "ppv": flagged, "npv": ~flagged}
    chosen = {name: members & which for name, which in among.items()}
    return {name: n_for_interval(right[w], patient[w], level=level) for name, w in chosen.items()}


def _together(
    diseased: BoolArray, flagged: BoolArray, patient: Codes | None, inside: BoolArray
) -> dict[str, float]:
    """How far do a group's share and the rest's go together, because patients have cases in both?"""
    if patient is None:
        return dict.fromkeys(GAPS, 0.0)
    right = (diseased == flagged).astype(np.float64)
    found = {}
    for name, among in (("sensitivity", diseased), ("specificity", ~diseased)):
        sides = [among & inside, among & ~inside]
        found[name] = shared(right[sides[0]], right[sides[1]], (patient[sides[0]], patient[sides[1]]))
    return found


def _told(name: str, counts: Counts, worths: Mapping[str, float] | None, level: float) -> dict[str, Told]:
    found: dict[str, Told] = {}
    for measure, empty in EMPTY.items():
        events, n = (int(value) for value in _right_of(counts, measure))
        if n == 0:
            found[measure] = Measure.not_measurable(measure, because=empty, subgroup=name), 0.0
            continue
        worth = float(n) if worths is None else worths[measure]
        method = "Wilson" if worth == n else WILSON_CLUSTERED
        low, high = wilson(events / n, worth, level=level)
        found[measure] = Measure(measure, events / n, low, high, level, method, n, events, name), worth
    return found


def said(measure: Measure, minimum: int) -> Measure:
    """What must be said beside this number? Too few to tell, and no event at all; the number itself stays visible."""
    if measure.estimate is None:
        return measure
    small = measure.n
    ranked = measure.measure.startswith("auc")
    if ranked and measure.events is not None:
        small = min(measure.events, measure.n - measure.events)
    words = []
    if small < minimum:
        words.append(f"{TOO_FEW}: {small} cases, the protocol asks for {minimum}")
    if measure.events == 0 and not ranked:
        words.append(f"zero events in {measure.n}: only the upper bound says anything")
    return (
        replace(measure, because="; ".join([*words, *filter(None, [measure.because])])) if words else measure
    )


def gap(own: Told, rest: Told, plan: Plan, *, alike: float = 0.0) -> Comparison:
    """By how much does this group differ from all cases outside it? One that cannot be told says so in `flag`."""
    (first, _), (second, _) = own, rest
    if first.estimate is None or second.estimate is None:
        side = first if first.estimate is None else second
        where = "here" if side is first else "in the rest"
        return Comparison(
            first.measure, first.subgroup, REST, None, flag=f"not measurable: {side.because} {where}"
        )
    row = difference_of_shares(own, rest, alike=alike)
    return replace(row, flag=too_few(plan.minimum_n)) if min(first.n, second.n) < plan.minimum_n else row
