"""Were the cases whose truth is known picked by the tool's own answer, and what follows for every number?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from alarp.evaluation.classes import UNKNOWN
from alarp.evaluation.detection import verification
from alarp.evaluation.detection.cases import Cases
from alarp.evaluation.detection.options import FLAGGED, NO_ANSWER, NOT_FLAGGED
from alarp.evaluation.detection.protocol import DetectionProtocol
from alarp.evaluation.detection.resembling import BEGG_GREENES, IPW, alike
from alarp.evaluation.detection.verification import ALONE, Alike, Stratum
from alarp.evaluation.intervals import n_for_interval
from alarp.kernel import Measure

_CODES = {FLAGGED: 1, NOT_FLAGGED: 0, NO_ANSWER: UNKNOWN}
# These hold within the flagged or within the not flagged, and verification of one answer alone does not bias them.
_UNTOUCHED = ("ppv", "npv", "failure_rate")


@dataclass(frozen=True, slots=True)
class Partial:
    """What partial verification leaves: the counts by answer, and the reason when accuracy cannot be had."""

    strata: dict[str, Stratum]
    fractions: dict[str, float]
    because: str
    cases: Cases

    @property
    def unverified(self) -> int:
        return sum(s.cases - s.verified for s in self.strata.values())


def partial(protocol: DetectionProtocol, cases: Cases) -> Partial | None:
    """Is the truth known for only some of the cases, picked by the tool's answer? None when there is no sign of it.

    Declared by `columns.verified`. Without it, a table in which the truth is missing for cases that the tool left alone,
    and known for none of them, is taken for what it is: sensitivity would be 1 whatever the tool does.
    """
    strata = {name: _stratum(cases, code) for name, code in _CODES.items()}
    strata = {name: s for name, s in strata.items() if s.cases}
    if cases.verified is None:
        alone = strata.get(NOT_FLAGGED)
        if alone is None or alone.verified:
            return None
        because = (
            f"none of the {alone.cases} cases that the tool left alone has a usable reference: the diseased among them "
            "cannot be counted"
        )
        return Partial(strata, {}, because, cases)
    if all(s.cases == s.verified for s in strata.values()):
        return None
    fractions = dict(protocol.options.sampling_fractions)
    return Partial(strata, fractions, verification.refusal(strata, fractions), cases)


def _stratum(cases: Cases, code: int) -> Stratum:
    here = cases.said == code
    return Stratum(
        cases=int(here.sum()),
        diseased=int((here & (cases.truth == 1)).sum()),
        healthy=int((here & (cases.truth == 0)).sum()),
    )


def corrected(found: Partial, *, level: float) -> list[Measure]:
    """Naive, Begg-Greenes and weighted figures beside each other; the headline is that of Begg and Greenes.

    All three by patient where patients repeat.
    """
    rows: list[Measure] = []
    for measure in ("sensitivity", "specificity"):
        names = (measure, f"{measure}_begg_greenes", f"{measure}_ipw")
        if found.because:
            rows += [Measure.not_measurable(name, because=found.because) for name in names]
        else:
            by_answer, weighted = (_alike(found, measure, way) for way in (BEGG_GREENES, IPW))
            rows += [
                verification.begg_greenes(measure, found.strata, level=level, name=names[0], alike=by_answer),
                verification.begg_greenes(measure, found.strata, level=level, alike=by_answer),
                verification.ipw(measure, found.strata, found.fractions, level=level, alike=weighted),
            ]
        worth = _worth(found, measure, level=level)
        rows.append(verification.naive(measure, found.strata, level=level, worth=worth))
    return rows


def _alike(found: Partial, measure: str, way: str) -> Alike:
    cases = found.cases
    if cases.patient is None:
        return ALONE
    answers = {name: np.asarray(cases.said == _CODES[name], dtype=bool) for name in found.strata}
    known, ill = cases.truth != UNKNOWN, cases.truth == 1
    return alike(measure, way, answers, known, ill, cases.patient, found.fractions)


def _worth(found: Partial, measure: str, *, level: float) -> float | None:
    """How many independent cases are the verified ones that this measure counts?"""
    cases = found.cases
    if cases.patient is None:
        return None
    truth, right = (1, FLAGGED) if measure == "sensitivity" else (0, NOT_FLAGGED)
    counted = cases.truth == truth
    hits = np.asarray(cases.said[counted] == _CODES[right], dtype=bool)
    return n_for_interval(hits, cases.patient[counted], level=level)


def withheld(measures: Sequence[Measure], found: Partial) -> list[Measure]:
    """Which of the ordinary numbers still hold? Those that mix flagged and not flagged are taken back, with the reason."""
    because = (
        f"{found.unverified} cases were not verified and who was verified depended on the tool: only the corrected "
        "sensitivity and specificity stand"
    )
    kept = []
    for row in measures:
        plain = row.measure.removesuffix("_best_case").removesuffix("_worst_case").removesuffix("_as_treated")
        if plain in _UNTOUCHED:
            kept.append(row)
        else:
            empty = Measure.not_measurable(
                row.measure, because=found.because or because, n=row.n, subgroup=row.subgroup
            )
            kept.append(replace(empty, level=row.level))
    return kept


def remarks(found: Partial) -> list[str]:
    """What must a reader know about how cases were verified?"""
    counts = "; ".join(f"{name}: {s.verified} of {s.cases}" for name, s in found.strata.items())
    return [
        f"Only some cases were verified ({counts}). Sensitivity and specificity are corrected by the method of Begg and "
        "Greenes, which holds when verification depended on nothing but the tool's answer; the weighted figure stands "
        "beside it, the naive one is biased.",
        *verification.departures(found.strata, found.fractions),
    ]


def counts(found: Partial) -> list[dict[str, object]]:
    """The table of answers: cases, verified, diseased and healthy among the verified, recorded fraction."""
    return [
        {
            "answer": name,
            "cases": s.cases,
            "verified": s.verified,
            "diseased": s.diseased,
            "healthy": s.healthy,
            "fraction": found.fractions.get(name),
        }
        for name, s in found.strata.items()
    ]
