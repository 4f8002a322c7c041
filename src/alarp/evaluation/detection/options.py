"""Which analyses does a detection protocol ask for beside the ones that every run has?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from alarp.evaluation.detection.auc import AUC_INTERVALS, DELONG
from alarp.evaluation.fields import Fields
from alarp.evaluation.protocol import NOT_STATED
from alarp.evaluation.resampling import REPLICATES
from alarp.kernel import BadInput

SPECIFICITY, SENSITIVITY = "specificity", "sensitivity"
FLAGGED, NOT_FLAGGED, NO_ANSWER = "flagged", "not flagged", "no answer"
READER_2, RECALL, NO_RECALL = "reader 2", "recall", "no recall"
COUNTED, SEPARATE = "counted", "separate"
DEFAULT_SEED = 20260101


@dataclass(frozen=True, slots=True)
class Window:
    """Which part of the ROC curve counts: from one specificity (or sensitivity) to a higher one."""

    over: str = SPECIFICITY
    low: float = 0.0
    high: float = 1.0
    corrected: bool = False

    @property
    def width(self) -> float:
        """The largest area there can be, which is that of a tool without error."""
        return self.high - self.low

    @property
    def by_chance(self) -> float:
        """The area of a tool that knows nothing: under the diagonal, within the window."""
        return ((1 - self.low) ** 2 - (1 - self.high) ** 2) / 2

    @property
    def words(self) -> str:
        return f"{self.over} {self.low:g} to {self.high:g}"


@dataclass(frozen=True, slots=True)
class Promise:
    """The operating point that the vendor states, and on how many cases it was found, where that is known."""

    sensitivity: float | None
    specificity: float | None
    diseased: int | None
    healthy: int | None
    source: str

    def of(self, measure: str) -> tuple[float | None, int | None]:
        """The promised share and its denominator."""
        if measure == SENSITIVITY:
            return self.sensitivity, self.diseased
        return self.specificity, self.healthy


@dataclass(frozen=True, slots=True)
class Options:
    """What the protocol's `analysis` asks for."""

    seed: int
    window: Window | None
    score_is_probability: bool
    promise: Promise | None
    sampling_fractions: Mapping[str, float]  # of the cases with one answer, the share sent to verification
    where_no_arbitration: str | None
    auc_interval: str
    replicates: int  # of a bootstrap, where one is asked for
    out_of_scope: str  # are cases outside the intended use counted in the headline, or apart?

    @property
    def ranking(self) -> dict[str, Any]:
        """How is the interval of an AUC made? As `auc` takes it."""
        return {"interval": self.auc_interval, "seed": self.seed, "replicates": self.replicates}


def parse_options(fields: Fields) -> Options:
    """Which options stand under `analysis`? BadInput names the one that will not do; the caller refuses unknown ones."""
    return Options(
        seed=_whole(fields, "seed", default=DEFAULT_SEED),
        window=_window(fields),
        score_is_probability=_flag(fields, "score_is_probability"),
        promise=_promise(fields),
        sampling_fractions=_fractions(fields),
        where_no_arbitration=_where_no_arbitration(fields),
        auc_interval=fields.choice("auc_interval", AUC_INTERVALS, default=DELONG),
        replicates=_replicates(fields),
        out_of_scope=fields.choice("out_of_scope", [COUNTED, SEPARATE], default=COUNTED),
    )


def _whole(fields: Fields, name: str, *, default: int) -> int:
    value = fields.number(name, default=float(default))
    if value != int(value) or value < 0:
        raise fields.wrong(name, value, "a whole number from 0 on")
    return int(value)


def _replicates(fields: Fields) -> int:
    count = _whole(fields, "replicates", default=REPLICATES)
    if count < 1000:
        raise fields.wrong(
            "replicates", count, "at least 1000: the ends of an interval need that many resamples"
        )
    return count


def _flag(fields: Fields, name: str) -> bool:
    value = fields.take(name, False)
    if not isinstance(value, bool):
        raise fields.wrong(name, value, "true or false")
    return value


def _part(fields: Fields, name: str) -> Fields:
    return Fields(fields.mapping(name), where=f"analysis.{name}")


def _window(fields: Fields) -> Window | None:
    if not fields.has("partial_auc"):
        return None
    part = _part(fields, "partial_auc")
    over = part.choice("over", [SPECIFICITY, SENSITIVITY], "which axis: specificity or sensitivity")
    ends = sorted(
        part.number(end, f"where the part of the {over} axis ends, from 0 to 1") for end in ("from", "to")
    )
    corrected = _flag(part, "corrected")
    part.refuse_unknown()
    if not 0 <= ends[0] < ends[1] <= 1:
        raise fields.wrong("partial_auc", ends, "from a share to a larger one, both between 0 and 1")
    return Window(over, ends[0], ends[1], corrected)


def _promise(fields: Fields) -> Promise | None:
    if not fields.has("promised_operating_point"):
        return None
    part = _part(fields, "promised_operating_point")
    shares = {name: part.number(name) if part.has(name) else None for name in (SENSITIVITY, SPECIFICITY)}
    sizes = {name: _whole(part, name, default=0) or None for name in ("diseased", "healthy")}
    source = part.text("source", default=NOT_STATED)
    part.refuse_unknown()
    if not any(shares.values()):
        raise BadInput(
            "The protocol's field 'analysis.promised_operating_point' promises nothing: give 'sensitivity', "
            "'specificity' or both."
        )
    for name, share in shares.items():
        if share is not None and not 0 < share <= 1:
            raise part.wrong(name, share, "a share above 0, at most 1")
    return Promise(shares[SENSITIVITY], shares[SPECIFICITY], sizes["diseased"], sizes["healthy"], source)


def _fractions(fields: Fields) -> dict[str, float]:
    if not fields.has("verification"):
        return {}
    part = _part(fields, "verification")
    given = Fields(
        part.mapping("sampling_fractions", "which share of the flagged and of the not flagged was verified"),
        where="analysis.verification.sampling_fractions",
    )
    part.refuse_unknown()
    found = {name: given.number(name) for name in (FLAGGED, NOT_FLAGGED, NO_ANSWER) if given.has(name)}
    given.refuse_unknown()
    for name, share in found.items():
        if not 0 < share <= 1:
            raise given.wrong(name, share, "a share above 0, at most 1")
    return found


def _where_no_arbitration(fields: Fields) -> str | None:
    if not fields.has("double_reading"):
        return None
    part = _part(fields, "double_reading")
    rule = part.choice(
        "where_no_arbitration",
        [READER_2, RECALL, NO_RECALL],
        "what counts where nobody arbitrated: 'reader 2', 'recall' or 'no recall'",
    )
    part.refuse_unknown()
    return rule
