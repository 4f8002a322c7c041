"""Has a rate risen? A CUSUM over single events, whose false-alarm rate is known and not guessed."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from math import log

import numpy as np

from alarp.kernel import BadInput

MOST_STATES = 4000


@dataclass(frozen=True, slots=True)
class Cusum:
    """A Bernoulli CUSUM: an event adds `steps - 1`, a non-event takes 1 away, never below 0; it signals at `signal`."""

    usual: float
    feared: float
    steps: int
    signal: int

    def run(self, events: Iterable[bool]) -> tuple[int, ...]:
        """The CUSUM after each observation; after a signal it begins anew at 0."""
        path, now = [], 0
        for event in events:
            now = max(0, (0 if now >= self.signal else now) + (self.steps - 1 if event else -1))
            path.append(now)
        return tuple(path)

    def first_signal(self, events: Iterable[bool]) -> int | None:
        """After how many observations does it first signal?"""
        path = self.run(events)
        return next((i + 1 for i, value in enumerate(path) if value >= self.signal), None)


def steps_for(usual: float, feared: float) -> int:
    """In how many steps is one event counted, so that the CUSUM lives on whole numbers?

    The likelihood ratio weighs an event by 1 - g and a non-event by -g, with g = -ln((1-p1)/(1-p0)) / ln(p1(1-p0) /
    (p0(1-p1))); g is rounded to 1/m, which moves p1 a little (Reynolds and Stoumbos 1999,
    doi:10.1080/00224065.1999.11979900).
    """
    if not 0 < usual < feared < 1:
        raise BadInput(
            f"A CUSUM goes from a usual rate to a higher one between 0 and 1, not {usual} to {feared}."
        )
    down = -log((1 - feared) / (1 - usual))
    return max(2, round(log(feared * (1 - usual) / (usual * (1 - feared))) / down))


def average_run_length(probability: float, steps: int, signal: int) -> float:
    """After how many observations does it signal on average, when events have this probability?

    Exact: the CUSUM is a Markov chain on 0 … signal - 1; the mean time to absorption solves (I - Q) a = 1 (Brook and
    Evans 1972, doi:10.1093/biomet/59.3.539), started at 0. Probability 0 never signals: infinity.
    """
    if signal > MOST_STATES:
        raise BadInput(
            f"A CUSUM with {signal} states is too long to work out; take rates that lie further apart."
        )
    if probability <= 0:
        return float("inf")
    chain = np.eye(signal)
    state = np.arange(signal)
    chain[state, np.maximum(state - 1, 0)] -= 1 - probability
    stays = state + steps - 1 < signal
    chain[state[stays], state[stays] + steps - 1] -= probability
    return float(np.linalg.solve(chain, np.ones(signal))[0])


def design(usual: float, feared: float, *, false_alarm_every: float) -> Cusum:
    """Which CUSUM signals falsely no more often than once in so many observations, and otherwise soonest?

    The smallest signal level whose exact average run length at the usual rate is at least `false_alarm_every`.
    """
    steps = steps_for(usual, feared)
    low, high = 0, max(2, steps)
    while average_run_length(usual, steps, high) < false_alarm_every:
        low, high = high, 2 * high
    while high - low > 1:
        middle = (low + high) // 2
        if average_run_length(usual, steps, middle) < false_alarm_every:
            low = middle
        else:
            high = middle
    return Cusum(usual, feared, steps, high)
