"""How often do our 95 % intervals hold the truth? Simulates it and writes docs/reference/interval-coverage.md.

Run by hand, five minutes on one core: `python tools/study_coverage.py`. The same seed gives the same page. Another
method joins by one more entry in `settings()`: what is drawn, its truth, and what its interval said.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from math import sqrt
from pathlib import Path

import numpy as np
from scipy import stats

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "reference" / "interval-coverage.md"
SEED, ROUNDS = 20260601, 3000
BAND = (0.935, 0.965)
Bounds = tuple[float, float]
Drawn = tuple[float, dict[str, Bounds]]  # the truth of this sample, and what each method said of it


@dataclass(frozen=True)
class Coverage:
    """How often one interval held the truth, and on which side it missed."""

    holds: float
    too_low: float  # the whole interval lay below the truth
    too_high: float
    rounds: int | None = None  # None: exact, by summing over all outcomes
    lowest: float | None = None  # exact ones: at the worst single truth of those averaged over

    @property
    def in_band(self) -> bool:
        return BAND[0] <= round(self.holds, 4) <= BAND[1]

    @property
    def side(self) -> str:
        """Where does this cell lie: in the band, too short, or wider than it need be?"""
        return "in" if self.in_band else "short" if self.holds < BAND[0] else "wide"


@dataclass(frozen=True)
class Setting:
    """One kind of sample. `draw` gives the bounds of one, or `exact` the coverage of the only method."""

    name: str
    methods: tuple[str, ...]
    draw: Callable[[np.random.Generator], Drawn | None] | None = None
    exact: Callable[[], Coverage] | None = None
    rounds: int = ROUNDS

    def run(self, rounds: int | None = None) -> dict[str, Coverage]:
        """Each setting draws from its own stream, named by itself: the order does not matter."""
        if self.exact is not None:
            return {self.methods[0]: self.exact()}
        assert self.draw is not None
        generator = np.random.default_rng([SEED, *self.name.encode()])
        missed = {method: np.zeros(2) for method in self.methods}
        n = 0
        while n < (rounds or self.rounds):
            drawn = self.draw(generator)
            if drawn is None:  # a sample with one class only has no interval; it is drawn again
                continue
            n += 1
            truth, said = drawn
            for method in self.methods:
                low, high = said[method]
                missed[method] += high < truth, low > truth
        return {m: Coverage(1 - sum(v) / n, v[0] / n, v[1] / n, n) for m, v in missed.items()}


def both(measure: object) -> Bounds:
    """The bounds of a measure or comparison that must have them."""
    low, high = measure.low, measure.high  # type: ignore[attr-defined]
    assert low is not None and high is not None, measure
    return low, high


# --- exact: one proportion and two, averaged over nearby truths because counts make the coverage jump ---------------


def near(p: float, n: int, steps: int = 41) -> np.ndarray:
    """Truths around p: within 0.02, or half of what one case of n is worth where that is more."""
    wide = max(0.02, 0.5 / n)
    return np.linspace(max(0.005, p - wide), min(0.995, p + wide), steps)


def wilson_exact(p: float, n: int) -> Coverage:
    from alarp.evaluation.intervals import wilson

    counts = np.arange(n + 1)
    bounds = np.array([wilson(x / n, n) for x in counts])
    missed = np.array(
        [
            [chance[bounds[:, 1] < t].sum(), chance[bounds[:, 0] > t].sum()]
            for t in near(p, n)
            for chance in [stats.binom.pmf(counts, n, t)]
        ]
    )
    below, above = missed.mean(axis=0)
    return Coverage(1 - below - above, below, above, lowest=1 - missed.sum(axis=1).max())


def newcombe_exact(p: float, n: int, q: float, m: int) -> Coverage:
    from alarp.evaluation.intervals import newcombe_difference, wilson
    from alarp.kernel import Measure

    first, second = (
        [Measure("x", x / size, *wilson(x / size, size)) for x in range(size + 1)] for size in (n, m)
    )
    bounds = np.array([[newcombe_difference(a, b)[1:] for b in second] for a in first])
    missed = []
    for t in near(p, n, 9):
        for u in near(q, m, 9):
            chances = stats.binom.pmf(np.arange(n + 1), n, t)[:, None] * stats.binom.pmf(
                np.arange(m + 1), m, u
            )
            missed.append((chances[bounds[..., 1] < t - u].sum(), chances[bounds[..., 0] > t - u].sum()))
    below, above = np.mean(missed, axis=0)
    return Coverage(1 - below - above, below, above, lowest=1 - np.sum(missed, axis=1).max())


# --- drawn ------------------------------------------------------------------------------------------------------------


def patients_of(generator: np.random.Generator, patients: int, most: int) -> np.ndarray:
    """Which patient is each case of, 1 to `most` a patient?"""
    return np.repeat(np.arange(patients), generator.integers(1, most + 1, patients))


def alike_hits(
    generator: np.random.Generator, patient: np.ndarray, share: np.ndarray | float, alike: float
) -> np.ndarray:
    """Hits with this chance, those of one patient correlated (a shared normal, cut at the chance)."""
    own = sqrt(alike) * generator.normal(size=patient.max() + 1)[patient]
    return np.asarray(own + sqrt(1 - alike) * generator.normal(size=len(patient)) < stats.norm.ppf(share))


def clustered_share(
    generator: np.random.Generator, *, patients: int, most: int, p: float, alike: float
) -> Drawn:
    from alarp.evaluation.intervals import proportion

    p = float(np.clip(generator.uniform(p - 0.02, p + 0.02), 0.005, 0.995))
    patient = patients_of(generator, patients, most)
    own = generator.beta(p * (1 / alike - 1), (1 - p) * (1 / alike - 1), patients)
    hits = generator.random(len(patient)) < own[patient]
    return p, {"Wilson at effective n": both(proportion("x", hits, level=0.95, clusters=patient, empty=""))}


def paired_shares(
    generator: np.random.Generator, *, n: int, p: float, q: float, most: int = 1, alike: float = 0.0
) -> Drawn:
    """Two readings of the same cases, of which hits go together (correlation 0.5 of what lies beneath)."""
    from alarp.evaluation.detection.paired import compare_proportions

    patient = patients_of(generator, n, most)
    shared = generator.normal(size=n)[patient]
    case = generator.normal(size=len(patient))
    hits = [
        sqrt(alike) * shared + sqrt(0.5 - alike / 2) * case
        + sqrt(0.5 - alike / 2) * generator.normal(size=len(patient)) < stats.norm.ppf(share)
        for share in (p, q)
    ]  # fmt: skip
    name = "Tango, paired shares" if most == 1 else "Tango at effective n, paired shares of patients"
    clusters = None if most == 1 else patient
    return p - q, {
        name: both(compare_proportions("x", "a", "b", *hits, level=0.95, clusters=clusters, empty=""))
    }


def binormal(
    generator: np.random.Generator, *, ill: int, well: int, area: float, spread: float = 1.0
) -> tuple[np.ndarray, np.ndarray]:
    """Scores whose true area is `area`; those of the diseased spread `spread` times as wide."""
    diseased = np.arange(ill + well) < ill
    shift = stats.norm.ppf(area) * sqrt(1 + spread**2)
    noise = generator.normal(size=ill + well) * np.where(diseased, spread, 1.0)
    return noise + shift * diseased, diseased


AUC = {"AUC, guarded": "guarded", "AUC, DeLong": "delong", "AUC, logit": "logit"}
TWO_AREAS = ("Difference of two AUCs, guarded", "Difference of two AUCs, DeLong")
DRAWN_AGAIN = {"AUC, bootstrap percentile": "percentile", "AUC, bootstrap bca": "bca"}


def ranked(generator: np.random.Generator, *, methods: dict[str, str], **setting: float) -> Drawn:
    from alarp.evaluation.detection.auc import auc

    scores, diseased = binormal(generator, **setting)  # type: ignore[arg-type]
    return setting["area"], {
        name: both(auc(scores, diseased, interval=how, replicates=1000)) for name, how in methods.items()
    }


def clustered_ranked(
    generator: np.random.Generator, *, patients: int, area: float, alike: float, ill: float
) -> Drawn | None:
    """One to three images a patient; in a patient with disease two images of three show it."""
    from alarp.evaluation.detection.auc import auc

    patient = patients_of(generator, patients, 3)
    affected = generator.random(patients) < ill
    diseased = affected[patient] & (generator.random(len(patient)) < 2 / 3)
    shared, own = generator.normal(size=patients)[patient], generator.normal(size=len(patient))
    if diseased.sum() < 3 or diseased.all():
        return None
    scores = sqrt(alike) * shared + sqrt(1 - alike) * own + stats.norm.ppf(area) * sqrt(2) * diseased
    return area, {
        "AUC by patient, guarded": both(auc(scores, diseased, clusters=patient, interval="guarded")),
        "AUC by patient, DeLong": both(auc(scores, diseased, clusters=patient)),
        "AUC, patients ignored": both(auc(scores, diseased)),
    }


def two_areas(generator: np.random.Generator, *, ill: int, well: int, first: float, second: float) -> Drawn:
    """Two tools on the same cases, their noise correlated by one half."""
    from alarp.evaluation.detection.options import Window
    from alarp.evaluation.detection.partial import compare_areas

    diseased = np.arange(ill + well) < ill
    shared = generator.normal(size=ill + well)
    scores = [
        sqrt(0.5) * (shared + generator.normal(size=ill + well)) + stats.norm.ppf(area) * sqrt(2) * diseased
        for area in (first, second)
    ]
    plain, guarded = (
        compare_areas("auc", "a", "b", scores[0], scores[1], diseased, Window(), level=0.95, guarded=how)
        for how in (False, True)
    )
    return first - second, dict(zip(TWO_AREAS, map(both, (guarded, plain)), strict=True))


def skewed_mean(generator: np.random.Generator, *, patients: int, most: int, alike: float = 0.5) -> Drawn:
    """A mean error whose cases are log-normal (log standard deviation 0.6), as distances and times are."""
    from alarp.evaluation.intervals import mean

    patient = patients_of(generator, patients, most)
    values = _skewed(generator, patient, alike)
    found = mean("x", values, patient, level=0.95, bounds=(0.0, np.inf))
    return float(np.exp(0.6**2 / 2)), {"Mean, t by patient": both(found)}


def in_sites(generator: np.random.Generator, *, what: str, sites: int = 15) -> Drawn | None:
    """Ten patients a site, one to three cases each, alike within sites (0.05) and within patients (0.2); by site."""
    from alarp.evaluation.detection.auc import auc
    from alarp.evaluation.intervals import mean, proportion

    patient = patients_of(generator, 10 * sites, 3)
    site = patient // 10
    beneath = (
        sqrt(0.05) * generator.normal(size=sites)[site]
        + sqrt(0.2) * generator.normal(size=10 * sites)[patient]
        + sqrt(0.75) * generator.normal(size=len(patient))
    )
    if what == "share":
        hits = beneath < stats.norm.ppf(0.9)
        return 0.9, {
            "Wilson at effective n": both(proportion("x", hits, level=0.95, clusters=site, empty=""))
        }
    if what == "mean":
        found = mean("x", np.exp(0.6 * beneath), site, level=0.95, bounds=(0.0, np.inf))
        return float(np.exp(0.6**2 / 2)), {"Mean, t by patient": both(found)}
    diseased = generator.random(len(site)) < 0.3
    scores = beneath + stats.norm.ppf(0.85) * sqrt(2) * diseased
    return 0.85, {
        "AUC by patient, guarded": both(auc(scores, diseased, clusters=site, interval="guarded")),
        "AUC by patient, DeLong": both(auc(scores, diseased, clusters=site)),
        "AUC, patients ignored": both(auc(scores, diseased)),
    }


def _skewed(generator: np.random.Generator, patient: np.ndarray, alike: float) -> np.ndarray:
    shared = generator.normal(size=patient.max() + 1)[patient]
    return np.asarray(
        np.exp(0.6 * (sqrt(alike) * shared + sqrt(1 - alike) * generator.normal(size=len(patient))))
    )


def skewed_median(generator: np.random.Generator, *, patients: int, most: int, alike: float = 0.5) -> Drawn:
    from alarp.evaluation.quantiles import quantile

    patient = patients_of(generator, patients, most)
    found = quantile("x", _skewed(generator, patient, alike), 0.5, clusters=patient)
    return 1.0, {"Median, order statistics or Woodruff by patient": both(found)}


def partly_verified(
    generator: np.random.Generator, *, patients: int, most: int, sensitivity: float, alike: float = 0.5
) -> Drawn | None:
    """One case in five is diseased; specificity 0.85; the flagged are all verified, of the others three in ten."""
    from alarp.evaluation.detection.resembling import alike as how_alike
    from alarp.evaluation.detection.verification import Stratum, begg_greenes, ipw

    patient = patients_of(generator, patients, most)
    ill = alike_hits(generator, patient, 0.2, alike)
    flagged = alike_hits(generator, patient, np.where(ill, sensitivity, 0.15), alike)
    seen = flagged | (generator.random(len(patient)) < 0.3)
    answers, fractions = {"flagged": flagged, "not flagged": ~flagged}, {"flagged": 1.0, "not flagged": 0.3}
    if not (ill & seen).any():
        return None
    strata = {
        k: Stratum(int(w.sum()), int((w & seen & ill).sum()), int((w & seen & ~ill).sum()))
        for k, w in answers.items()
    }
    like = {
        way: how_alike("sensitivity", way, answers, seen, ill, patient, fractions)
        for way in ("begg_greenes", "ipw")
    }
    return sensitivity, {
        "Sensitivity, Begg-Greenes": both(begg_greenes("sensitivity", strata, alike=like["begg_greenes"])),
        "Sensitivity, inverse probability": both(ipw("sensitivity", strata, fractions, alike=like["ipw"])),
    }


def by_bayes(generator: np.random.Generator, *, ill: int, well: int) -> Drawn | None:
    """PPV where 1 in 20 has it, from sensitivity 0.9 and specificity 0.85; the prevalence itself from 400 people."""
    from alarp.evaluation.detection.predictive import TwoByTwo, ppv_at_prevalence
    from alarp.evaluation.intervals import wilson
    from alarp.evaluation.protocol import Prevalence

    found = generator.binomial(400, 0.05) / 400
    if found == 0:
        return None
    prevalence = Prevalence(found, *wilson(found, 400), source="")
    table = TwoByTwo(generator.binomial(ill, 0.9), ill, generator.binomial(well, 0.15), well, ill, well)
    truth = 0.9 * 0.05 / (0.9 * 0.05 + 0.15 * 0.95)
    return truth, {"PPV at prevalence": both(ppv_at_prevalence(table, prevalence))}


def calibrated(generator: np.random.Generator, *, n: int, share: float) -> Drawn | None:
    """A tool whose probabilities are true (log odds spread by 1): slope 1."""
    from alarp.evaluation.calibration import calibration_slope

    odds = generator.normal(np.log(share / (1 - share)), 1.0, size=n)
    probability = 1 / (1 + np.exp(-odds))
    found = calibration_slope(probability, generator.random(n) < probability)
    return (1.0, {"Calibration slope, Wald": both(found)}) if found.low is not None else None


# --- the settings -----------------------------------------------------------------------------------------------------

SHARES = [(n, p) for n in (10, 20, 50, 100, 300) for p in (0.5, 0.8, 0.9, 0.95, 0.99)]
DIFFERENCES = [(20, 0.9, 100, 0.9), (20, 0.95, 200, 0.8), (50, 0.9, 50, 0.8), (50, 0.99, 50, 0.99),
               (100, 0.95, 300, 0.9)]  # fmt: skip
CLUSTERED_SHARES = [(8, 6, 0.8, 0.2), (12, 20, 0.9, 0.1), (15, 4, 0.9, 0.3), (30, 4, 0.8, 0.3), (30, 4, 0.95, 0.3),
                    (30, 4, 0.99, 0.3), (60, 4, 0.9, 0.3), (60, 2, 0.9, 0.6), (150, 3, 0.97, 0.3),
                    (30, 10, 0.85, 0.2)]  # fmt: skip
AREAS = [(10, 50, 0.85, 1.0), (15, 200, 0.85, 1.0), (15, 200, 0.95, 1.0), (20, 20, 0.9, 1.0), (30, 100, 0.85, 1.0),
         (30, 300, 0.95, 1.0), (30, 300, 0.9, 3.0), (41, 72, 0.73, 1.0), (50, 50, 0.85, 1.0), (50, 500, 0.95, 1.0),
         (50, 500, 0.98, 1.0), (100, 400, 0.8, 1.0), (100, 400, 0.85, 3.0), (100, 900, 0.9, 1.0),
         (100, 900, 0.97, 1.0), (300, 2700, 0.9, 1.0)]  # fmt: skip
BOOTSTRAPPED = [(15, 200, 0.85, 1.0), (15, 200, 0.95, 1.0), (30, 100, 0.85, 1.0), (100, 400, 0.8, 1.0)]
CLUSTERED_AREAS = [
    (40, 0.85, 0.5, 0.45),
    (100, 0.85, 0.5, 0.22),
    (100, 0.9, 0.7, 0.45),
    (200, 0.9, 0.5, 0.15),
]


def settings() -> Iterator[Setting]:
    """Every kind of sample, with the intervals that are put to it."""
    for n, p in SHARES:
        yield Setting(f"n = {n}, truth {p:g}", ("Wilson",), exact=partial(wilson_exact, p, n))
    for n, p, m, q in DIFFERENCES:
        yield Setting(f"{p:g} of {n} against {q:g} of {m}", ("Newcombe difference",),
                      exact=partial(newcombe_exact, p, n, q, m))  # fmt: skip
    for patients, most, p, alike in CLUSTERED_SHARES:
        name = f"{patients} patients, 1 to {most} cases each, truth {p:g}, intraclass correlation {alike:g}"
        draw = partial(clustered_share, patients=patients, most=most, p=p, alike=alike)
        yield Setting(name, ("Wilson at effective n",), draw)
    for n, p, q in ((30, 0.9, 0.8), (60, 0.95, 0.9), (200, 0.9, 0.9), (60, 0.98, 0.98)):
        yield Setting(f"{n} pairs, {p:g} and {q:g}", ("Tango, paired shares",),
                      partial(paired_shares, n=n, p=p, q=q))  # fmt: skip
    for n, p, q in ((25, 0.9, 0.8), (60, 0.95, 0.9), (150, 0.9, 0.9)):
        yield Setting(f"{n} patients, 1 to 4 pairs each, {p:g} and {q:g}",
                      ("Tango at effective n, paired shares of patients",),
                      partial(paired_shares, n=n, p=p, q=q, most=4, alike=0.3))  # fmt: skip
    for at in AREAS:
        yield _areas(at, AUC, ROUNDS)
    for at in BOOTSTRAPPED:
        yield _areas(at, DRAWN_AGAIN, ROUNDS // 5)
    for patients, area, alike, ill in CLUSTERED_AREAS:
        name = f"{patients} patients ({ill:.0%} ill), 1 to 3 images, AUC {area:g}, correlation {alike:g}"
        methods = ("AUC by patient, guarded", "AUC by patient, DeLong", "AUC, patients ignored")
        draw_areas = partial(clustered_ranked, patients=patients, area=area, alike=alike, ill=ill)
        yield Setting(name, methods, draw_areas)
    for ill_, well, first, second in (
        (20, 80, 0.85, 0.8),
        (30, 300, 0.95, 0.9),
        (50, 50, 0.9, 0.9),
        (100, 900, 0.9, 0.85),
    ):
        yield Setting(f"{ill_} diseased, {well} healthy, AUC {first:g} and {second:g}",
                      TWO_AREAS,
                      partial(two_areas, ill=ill_, well=well, first=first, second=second))  # fmt: skip
    for patients, most in ((10, 1), (10, 4), (30, 4), (100, 3)):
        sizes = "1 case each" if most == 1 else f"1 to {most} cases each"
        yield Setting(f"{patients} patients, {sizes}, log-normal errors", ("Mean, t by patient",),
                      partial(skewed_mean, patients=patients, most=most))  # fmt: skip
    for what, methods in (
        ("share", ("Wilson at effective n",)),
        ("mean", ("Mean, t by patient",)),
        ("AUC", ("AUC by patient, guarded", "AUC by patient, DeLong", "AUC, patients ignored")),
    ):
        name = f"{what} of 150 patients within 15 sites, by site"
        yield Setting(name, methods, partial(in_sites, what=what))
    for patients, most in ((12, 1), (50, 1), (30, 4), (100, 3)):
        sizes = "1 case each" if most == 1 else f"1 to {most} cases each"
        yield Setting(f"{patients} patients, {sizes}, log-normal times",
                      ("Median, order statistics or Woodruff by patient",),
                      partial(skewed_median, patients=patients, most=most))  # fmt: skip
    for patients, most, share in ((200, 1, 0.8), (800, 1, 0.9), (300, 3, 0.8), (100, 4, 0.8)):
        sizes = "1 case each" if most == 1 else f"1 to {most} cases each"
        yield Setting(f"{patients} patients, {sizes}, sensitivity {share:g}",
                      ("Sensitivity, Begg-Greenes", "Sensitivity, inverse probability"),
                      partial(partly_verified, patients=patients, most=most, sensitivity=share))  # fmt: skip
    for ill_, well in ((20, 50), (50, 300)):
        yield Setting(f"{ill_} diseased, {well} healthy, 1 in 20 at home", ("PPV at prevalence",),
                      partial(by_bayes, ill=ill_, well=well))  # fmt: skip
    for n, p in ((100, 0.2), (300, 0.1), (1000, 0.1)):
        yield Setting(f"n = {n}, {p:.0%} with the outcome", ("Calibration slope, Wald",),
                      partial(calibrated, n=n, share=p))  # fmt: skip


def _areas(at: tuple[int, int, float, float], methods: dict[str, str], rounds: int) -> Setting:
    ill, well, area, spread = at
    name = f"{ill} diseased, {well} healthy, AUC {area:g}"
    name += "" if spread == 1 else f", the diseased {spread:g} times as spread"
    draw = partial(ranked, methods=methods, ill=ill, well=well, area=area, spread=spread)
    return Setting(name, tuple(methods), draw, rounds=rounds)


def main() -> int:
    sys.path.insert(0, str(ROOT / "src"))
    from coverage_page import page

    found: dict[str, list[tuple[str, Coverage]]] = {}
    for setting in settings():
        for method, coverage in setting.run().items():
            found.setdefault(method, []).append((setting.name, coverage))
            print(f"{method:48} {setting.name:75} {coverage.holds:.3f}", flush=True)
    PAGE.write_text(page(found, seed=SEED), encoding="utf-8")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
