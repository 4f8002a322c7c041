"""What does the page on the coverage of intervals say? Words and tables for tools/study_coverage.py."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import sqrt
from typing import Protocol

JUDGED, BESIDE, CONTRAST = "judged", "beside", "contrast"


class Coverage(Protocol):
    """How often one interval held the truth, on which side it missed, and where that lies."""

    @property
    def holds(self) -> float: ...
    @property
    def too_low(self) -> float: ...
    @property
    def too_high(self) -> float: ...
    @property
    def rounds(self) -> int | None: ...
    @property
    def lowest(self) -> float | None: ...
    @property
    def in_band(self) -> bool: ...
    @property
    def side(self) -> str: ...


Rows = Sequence[tuple[str, Coverage]]
KINDS = {
    JUDGED: (
        "Wilson", "Wilson at effective n", "Newcombe difference", "Tango, paired shares",
        "Tango at effective n, paired shares of patients", "AUC, guarded", "AUC by patient, guarded",
        "Difference of two AUCs, guarded", "Mean, t by patient",
        "Median, order statistics or Woodruff by patient", "Sensitivity, Begg-Greenes",
        "Sensitivity, inverse probability", "PPV at prevalence", "Calibration slope, Wald",
    ),
    BESIDE: ("AUC, DeLong", "AUC, logit", "AUC, bootstrap percentile", "AUC, bootstrap bca", "AUC by patient, DeLong", "Difference of two AUCs, DeLong"),
    CONTRAST: ("AUC, patients ignored",),
}  # fmt: skip
INTRODUCTION = """# How often our intervals hold the truth

Made by `python tools/study_coverage.py` (four minutes of one core, seed {seed}); run it again after a change of an
interval. A 95 % interval should hold the truth in 95 of 100 studies; 93.5 to 96.5 is taken as right here. "Misses low"
is the share of studies whose whole interval lay below the truth, "misses high" above it. Drawn cells carry the standard
error of the simulation; exact ones are sums over all outcomes.

What the study decided:

- **Claims on a bound of an AUC are judged by `auc_guarded`**, and those on a difference of two AUCs by its guarded row.
  DeLong's interval (area -+ 1.96 standard errors) is too short whenever few cases are misranked: a small class, or an
  area near 1. It misses high far more often than low, so it flatters the tool. The field quotes DeLong's, so `auc` has
  it; with fewer than 15 misranked cases the result says beside it that it is too narrow. `auc_guarded` puts the same
  variance on the logit scale with a t quantile and takes one more case as misranked. It is the only one of those tried
  that is short in no cell below; outside them, with 15 diseased whose scores spread twice as wide as those of the
  healthy or an area of 0.99, it held in 92 to 93 of 100, which its remark says.
- **A count makes coverage jump** (Brown, Cai and DasGupta 2001, doi:10.1214/ss/1009213286), so no interval for a share
  holds at every single truth and n; Wilson's and Newcombe's are averaged over truths within 0.02, or within half of what
  one case is worth where that is more. "Worst" is the lowest coverage at a single one of these truths. Jeffreys's and
  mid-P intervals, tried on the same cells, were further from 95 % on average (95 to 97 and 95 to 98.5).
- **Patients with several cases**: an interval that ignores them is too short by far. Shares take Wilson's at the effective
  n with a t quantile, which with a handful of patients is wider than it need be. Means and AUCs take the variance by
  patient. For a mean it is that of leaving out each patient in turn, and the t quantile has the freedom of as many equally
  large patients: with the plain clustered variance ten patients of one to four cases held in only 93.3 of 100.
- **Patients within sites**: the outermost column is named as the patient. What hangs together within a site, patients
  included, is in the site's own sum, so nested levels need no second one in the interval; the cells "by site" have both.
- **Means of few lopsided values** (ten log-normal distances) are held by the t interval in only 91 of 100 studies, and it
  lies too low: an error looks smaller than it is. Where the values are so few and so lopsided (no more than 60
  times the squared skewness of the sample, after Cochran) each bound is the further one of the t interval's and of
  Hall's (1992), which allows for skewness; the measure's method says so.
- An interval wider than it need be costs cases, never safety: those cells are left as they are.
- Other methods join by one more entry in `settings()` of the study.
"""
ORDER = {
    JUDGED: "Intervals that results and claims rest on",
    BESIDE: "Intervals shown beside them, with a warning in the result where they are short",
    CONTRAST: "What is not done: the same data without their patients",
}
WHY = {
    ("Newcombe difference", "wide"): "two shares near 1: hardly any outcome but 'none missed' occurs",
    (
        "Wilson at effective n",
        "wide",
    ): "few misses among few patients: with none the number of patients is taken for n",
    ("Tango, paired shares", "wide"): "hardly a pair differs, so the count jumps between a few outcomes",
    ("Tango at effective n, paired shares of patients", "wide"): "as Wilson's with few patients",
    ("AUC, guarded", "wide"): "few cases in a class: one more misranked weighs much",
    ("AUC by patient, guarded", "wide"): "few patients with disease: one more misranked weighs much",
    ("Difference of two AUCs, guarded", "wide"): "few cases in a class: one more misranked weighs much",
    ("Mean, t by patient", "short"): "very few patients and very lopsided values",
    ("Mean, t by patient", "wide"): "few values that only look lopsided by chance",
    (
        "Median, order statistics or Woodruff by patient",
        "wide",
    ): "ranks are whole: an order statistic holds at least 95 %",
    ("Sensitivity, Begg-Greenes", "wide"): "few diseased among the verified: an empty cell counts one half",
    (
        "Sensitivity, inverse probability",
        "wide",
    ): "few diseased among the verified: an empty cell counts one half",
    ("AUC, DeLong", "short"): "few misranked cases, symmetric about the area; the measure's remark says so",
    ("AUC by patient, DeLong", "short"): "the same, and few patients; the measure's remark says so",
    ("Difference of two AUCs, DeLong", "short"): "few misranked cases; the flag of the comparison says so",
    ("AUC, logit", "short"): "the variance itself is too small when few are misranked; the remark says so",
    (
        "AUC, bootstrap percentile",
        "short",
    ): "a resample cannot misrank what the sample did not; the remark says so",
    ("AUC, bootstrap bca", "short"): "the same, less; the remark says so",
    ("AUC, patients ignored", "short"): "patients ignored",
}


def page(found: Mapping[str, Rows], *, seed: int) -> str:
    """The page of the reference: what was decided, a summary by method, then every cell."""
    parts = [
        INTRODUCTION.format(seed=seed),
        "## Summary\n\n| interval | cells | within | short | wide | outside because |\n|---|---|---|---|---|---|",
    ]
    parts += [_summary(method, found[method]) for kind in ORDER for method in KINDS[kind]]
    for kind, heading in ORDER.items():
        cells = [c for method in KINDS[kind] for _, c in found[method]]
        inside = sum(c.in_band for c in cells)
        short = sum(c.side == "short" for c in cells)
        parts.append(
            f"\n# {heading}\n\n{inside} of {len(cells)} cells lie within 93.5 % and 96.5 %, {short} below."
        )
        for method in KINDS[kind]:
            parts += _table(method, found[method])
    return "\n".join(parts) + "\n"


def _summary(method: str, rows: Rows) -> str:
    counts = [sum(c.side == side for _, c in rows) for side in ("in", "short", "wide")]
    because = [
        f"{side}: {WHY[method, side]}" for side in ("short", "wide") if any(c.side == side for _, c in rows)
    ]
    return (
        f"| {method} | {len(rows)} | {counts[0]} | {counts[1]} | {counts[2]} | {'; '.join(because) or '–'} |"
    )


def _table(method: str, rows: Rows) -> list[str]:
    exact = rows[0][1].rounds is None
    last = "worst" if exact else "studies"
    lines = [
        f"\n## {method}\n\n| setting | holds | misses low | misses high | {last} | |\n|---|---|---|---|---|---|"
    ]
    for name, c in rows:
        shares = [f"{100 * v:.1f} %" for v in (c.holds, c.too_low, c.too_high)]
        if c.rounds is None:
            tail = f"{100 * (c.lowest or 0):.0f} %"
        else:
            shares[0] += f" (± {100 * sqrt(c.holds * (1 - c.holds) / c.rounds):.1f})"
            tail = f"{c.rounds:,}"
        sign = {"in": "✓", "short": "✗ short", "wide": "✗ wide"}[c.side]
        lines.append(f"| {name} | {' | '.join(shares)} | {tail} | {sign} |")
    return lines
