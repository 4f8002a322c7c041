"""What do the clinicians say: is the outline usable, how much time does it save, what does it change in dose?"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from math import inf, sqrt

import numpy as np
import polars as pl

from alarp.evaluation.agreement import ORDINAL, fleiss_kappa, gwet_ac1, tally_ratings
from alarp.evaluation.answering import answer_times
from alarp.evaluation.contouring.averages import codes_of, mean_of
from alarp.evaluation.contouring.cases import Enrolled
from alarp.evaluation.contouring.comparing import CaseResult
from alarp.evaluation.contouring.observers import Paired
from alarp.evaluation.contouring.protocol import ContouringProtocol, fold
from alarp.evaluation.intervals import proportion, t_quantile
from alarp.evaluation.outcomes import CaseOutcome
from alarp.evaluation.tables import require_columns
from alarp.kernel import BadInput, Measure

RATINGS = (1, 2, 3, 4, 5)
ACCEPTABLE = 4  # usable as it is, or after minor changes that do not matter
BLINDED = "blinded_id"


@dataclass(frozen=True, slots=True)
class Rating:
    """One rater's judgement of one outline, 1 (unusable) to 5 (as I would have drawn it)."""

    case: str
    patient: str
    structure: str
    rater: str
    rating: int
    blinded_id: str | None


def parse_ratings(
    protocol: ContouringProtocol, frame: pl.DataFrame | None, cases: Sequence[CaseResult]
) -> tuple[Rating, ...]:
    """Which ratings were given? Columns case, structure, rater, rating and, when blinded, `blinded_id`.

    Refused by case: a case or structure that nobody enrolled, an empty rater, a rating that is not 1 to 5, one rater
    twice on one outline.
    """
    if protocol.ratings is None:
        return ()
    name = protocol.ratings
    if frame is None:
        raise BadInput(f"The protocol's field 'ratings' names '{name}', which was not read.")
    require_columns(frame, {c: c for c in ("case", "structure", "rater", "rating")}, name=name)
    patients = {case.enrolled.case: case.enrolled.patient for case in cases}
    asked = {fold(r.structure): r.structure for case in cases for r in case.structures}
    found: dict[tuple[str, str, str], Rating] = {}
    for row in frame.iter_rows(named=True):
        rating = _rating(name, row, patients, asked)
        key = (rating.case, rating.structure, rating.rater)
        if key in found:
            raise BadInput(
                f"Case {rating.case}: in {name} the rater '{rating.rater}' rates '{rating.structure}' twice; keep one row."
            )
        found[key] = rating
    return tuple(found.values())


def _rating(name: str, row: dict[str, str | None], patients: dict[str, str], asked: dict[str, str]) -> Rating:
    case, structure, rater, said = (row[c] for c in ("case", "structure", "rater", "rating"))
    if case is None or case not in patients:
        raise BadInput(
            f"Case {case or '(empty)'}: column 'case' of {name} names it, but it was not enrolled."
        )
    if structure is None or fold(structure) not in asked:
        raise BadInput(
            f"Case {case}: column 'structure' of {name} says '{structure or ''}', which is not asked for; it may be "
            f"{', '.join(asked.values())}."
        )
    if rater is None:
        raise BadInput(f"Case {case}: column 'rater' of {name} is empty; every rating has a rater.")
    if said is None or not said.isdigit() or int(said) not in RATINGS:
        raise BadInput(
            f"Case {case}: column 'rating' of {name} is '{said or ''}' (rater '{rater}'); the scale runs from 1 to 5 in "
            "whole numbers."
        )
    return Rating(case, patients[case], asked[fold(structure)], rater, int(said), row.get(BLINDED))


def rating_measures(
    protocol: ContouringProtocol, ratings: Sequence[Rating], outlines: set[tuple[str, str]], group: str
) -> list[Measure]:
    """Which share of the ratings is 4 or 5, what is their mean, and do the raters agree?"""
    if protocol.ratings is None:
        return []
    rated = [r for r in ratings if (r.case, r.structure) in outlines]
    patients = [r.patient for r in rated]
    hits = np.array([r.rating >= ACCEPTABLE for r in rated], dtype=bool)
    share = proportion(
        "acceptable_rating_share", hits, level=protocol.common.level, clusters=codes_of(patients) if rated else None,
        subgroup=group, empty="no rating",
    )  # fmt: skip
    if len(set(patients)) == 1:
        share = replace(share, low=None, high=None, method="share, no interval", because="one patient")
    scores = [float(r.rating) for r in rated]
    average = mean_of("mean_rating", scores, patients, protocol=protocol, subgroup=group, bounds=(1.0, 5.0))
    return [share, average, _agreement(rated, group), *_beyond_chance(protocol, rated, group)]


def _beyond_chance(protocol: ContouringProtocol, rated: Sequence[Rating], group: str) -> list[Measure]:
    """How far do the raters agree beyond chance? Linear weights on the five points, by patient.

    Kappa falls when nearly all ratings are the same, AC2 does not: read both.
    """
    subjects = [f"{r.case}\n{r.structure}" for r in rated]
    scale = tuple(str(r) for r in RATINGS)
    counts = tally_ratings(subjects, [str(r.rating) for r in rated], categories=scale).counts
    patient_of = {subject: r.patient for subject, r in zip(subjects, rated, strict=True)}
    if not patient_of:
        return [
            Measure.not_measurable(name, because="no rating", subgroup=group)
            for name in ("rater_kappa", "rater_ac2")
        ]
    codes = codes_of(list(patient_of.values()))
    level = protocol.common.level
    found = (
        fleiss_kappa(counts, scale=ORDINAL, clusters=codes, level=level, name="rater_kappa"),
        gwet_ac1(counts, scale=ORDINAL, clusters=codes, level=level, name="rater_ac2"),
    )
    return [replace(measure, subgroup=group) for measure in found]


def _agreement(rated: Sequence[Rating], group: str) -> Measure:
    """In which share of pairs of raters of one outline do both say usable, or both not?

    Observed agreement over all pairs of raters who rated the same outline. Not measurable without such a pair.
    """
    by_outline: dict[tuple[str, str], list[bool]] = {}
    for r in rated:
        by_outline.setdefault((r.case, r.structure), []).append(r.rating >= ACCEPTABLE)
    pairs = same = 0
    for said in by_outline.values():
        yes, n = sum(said), len(said)
        pairs += n * (n - 1) // 2
        same += yes * (yes - 1) // 2 + (n - yes) * (n - yes - 1) // 2
    if not pairs:
        return Measure.not_measurable(
            "rater_agreement", because="no outline was rated by two raters", subgroup=group
        )
    return Measure(
        "rater_agreement", same / pairs, None, None, method="observed agreement on usable or not, all pairs of raters",
        n=pairs, events=same, subgroup=group,
    )  # fmt: skip


def time_measures(
    protocol: ContouringProtocol, enrolled: Sequence[Enrolled], without_output: set[str]
) -> list[Measure]:
    """How many minutes does the tool save? By hand minus editing, over cases with both times.

    A case in which the tool gave no answer is drawn by hand: without a time of editing its saving is 0.
    """
    columns = protocol.columns
    if columns.edit_time_min is None and columns.manual_time_min is None:
        return []
    rows = [
        (e.patient, e.manual_time_min if e.edit_time_min is None and e.case in without_output else e.edit_time_min,
         e.manual_time_min)
        for e in enrolled
    ]  # fmt: skip
    edited = [(p, edit) for p, edit, _ in rows if edit is not None]
    manual = [(p, hand) for p, _, hand in rows if hand is not None]
    both = [(p, edit, hand) for p, edit, hand in rows if edit is not None and hand is not None]
    found = [
        mean_of(
            "edit_time_min",
            [t for _, t in edited],
            [p for p, _ in edited],
            protocol=protocol,
            bounds=(0.0, inf),
        ),
        mean_of(
            "manual_time_min",
            [t for _, t in manual],
            [p for p, _ in manual],
            protocol=protocol,
            bounds=(0.0, inf),
        ),
        mean_of("time_saving_min", [h - e for _, e, h in both], [p for p, _, _ in both], protocol=protocol),
    ]
    return [*found, _saved_share(protocol, both)]


def _saved_share(protocol: ContouringProtocol, both: Sequence[tuple[str, float, float]]) -> Measure:
    """Which share of the minutes by hand is saved? 1 - (all editing / all by hand), by the ratio estimator."""
    name, level = "time_saving_share", protocol.common.level
    total = sum(hand for _, _, hand in both)
    if not total:
        return Measure.not_measurable(name, because="no case has both times", n=len(both))
    share = sum(edit for _, edit, _ in both) / total
    codes = codes_of([patient for patient, _, _ in both])
    groups = int(codes.max()) + 1
    if groups == 1:
        return Measure(
            name, 1 - share, level=level, method="ratio, no interval", n=len(both), because="one patient"
        )
    residual = np.bincount(codes, weights=[edit - share * hand for _, edit, hand in both])
    error = sqrt(groups / (groups - 1) * float(np.sum(residual**2))) / total
    half = t_quantile(level, groups - 1) * error
    method = "ratio of sums, t interval by patient"
    return Measure(name, 1 - share, 1 - share - half, min(1.0, 1 - share + half), level, method, len(both))


def fraction_measures(
    protocol: ContouringProtocol, enrolled: Sequence[Enrolled], without_output: set[str]
) -> list[Measure]:
    """In which share of fractions were the tool's outlines treated on, and how often was it bypassed?

    A fraction without an answer is not accepted, whatever the table says.
    """
    found = []
    if protocol.columns.accepted is not None:
        accepted = [bool(e.accepted) and e.case not in without_output for e in enrolled]
        found.append(_per_fraction("fraction_acceptance_rate", accepted, enrolled, protocol))
    if protocol.columns.fallback is not None:
        fallen = [bool(e.fallback) for e in enrolled]
        found.append(_per_fraction("fallback_rate", fallen, enrolled, protocol))
    return found


def answering_measures(
    protocol: ContouringProtocol, enrolled: Sequence[Enrolled], without_output: set[str]
) -> list[Measure]:
    """How many cases got no answer at all, and how long did the answers take? Counted as live use counts studies."""
    silent = np.array([e.case in without_output for e in enrolled], dtype=bool)
    found = [_per_fraction("case_failure_rate", silent.tolist(), enrolled, protocol)]
    if protocol.columns.answer_min is not None:
        minutes = [np.nan if e.answer_min is None else e.answer_min for e in enrolled]
        found += answer_times(
            np.array(minutes, dtype=np.float64), ~silent, level=protocol.common.level,
            clusters=codes_of([e.patient for e in enrolled]),
        )  # fmt: skip
    return found


def _per_fraction(
    name: str, hits: Iterable[bool], enrolled: Sequence[Enrolled], protocol: ContouringProtocol
) -> Measure:
    patients = [e.patient for e in enrolled]
    found = proportion(
        name, np.array(list(hits), dtype=bool), level=protocol.common.level, clusters=codes_of(patients),
        empty="no case",
    )  # fmt: skip
    if len(set(patients)) == 1:
        return replace(found, low=None, high=None, method="share, no interval", because="one patient")
    return found


def dose_measures(protocol: ContouringProtocol, pairs: Sequence[Paired], group: str) -> list[Measure]:
    """By how much would the dose to this structure be misjudged? Output's outline minus reference's, same dose, Gy."""
    drawn = [p for p in pairs if p.result.dose is not None and p.result.outcome is CaseOutcome.SCORED]
    found = []
    for key in ("dmean_gy", "d95_gy", "d2_gy"):
        name = key.replace("_gy", "_difference_gy")
        values: list[float] = []
        patients: list[str] = []
        for p in drawn:
            dose = p.result.dose or {}
            one, other = dose["output"][key], dose["reference"][key]
            if one is not None and other is not None:
                values.append(one - other)
                patients.append(p.enrolled.patient)
        measure = mean_of(name, values, patients, protocol=protocol, subgroup=group)
        left = len(drawn) - len(values)
        said = f"{left} outline(s) reach beyond the dose and are left out" if left else ""
        found.append(replace(measure, because=said or measure.because))
    return found


def remarks(protocol: ContouringProtocol) -> tuple[str, ...]:
    """What must be known of the clinical numbers?"""
    said = []
    if protocol.ratings is not None:
        said.append(
            "Ratings run from 1 (unusable) to 5 (as the rater would have drawn it); 4 and 5 count as acceptable. "
            "Interval by patient; raters are taken as they were."
        )
    if protocol.columns.dose is not None:
        said.append(
            "Dose: Dmean, D95 and D2 of the structure (ICRU 83) on one and the same dose, with the output's outline minus "
            "with the reference's; only where both drew it, so it says nothing of missed structures."
        )
    if protocol.acceptance:
        rules = "; ".join(
            f"{structure}: {', '.join(c.sentence for c in criteria)}"
            for structure, criteria in protocol.acceptance.items()
        )
        said.append(
            f"An outline is accepted when it keeps every criterion ({rules}); one that is missing does not."
        )
    return tuple(said)
