"""What the monitor page says: each status has a shape, figures are words, tables carry their limits' origin."""

from __future__ import annotations

import numpy as np
import pytest

from alarp.kernel import Measure
from alarp.monitoring.readings import ORDER
from alarp.monitoring.xmr import VARIATION_WORDS
from alarp.standards.monitoring import load_monitors
from alarp.web.monitor import presenters


def test_every_status_and_every_variation_has_a_shape_of_its_own() -> None:
    shapes = [presenters.status(name).shape for name in ORDER]
    assert len(set(shapes)) == len(ORDER)
    assert set(presenters.ICONS) == set(VARIATION_WORDS)
    assert presenters.ICONS["concern-high"] != presenters.ICONS["concern-low"]


@pytest.mark.need("M01")
def test_every_monitor_has_an_owner_limits_and_says_whose_they_are() -> None:
    for monitor in load_monitors().monitors:
        assert monitor.owner and monitor.limit_words and monitor.origin
    slugs = {m.slug for m in load_monitors().monitors}
    assert {"scores", "flag-rate", "agreement"} <= slugs  # an input or drift, an output and an outcome chart


def test_a_share_is_shown_in_per_cent_with_its_interval_and_counts() -> None:
    share = Measure("agreement", 0.9, 0.8, 0.95, method="Wilson", n=40, events=36)
    assert presenters.figure(share) == "agreement: 90 % (80-95), 36 of 40, Wilson"
    assert presenters.figure(Measure("psi", 0.314159, n=3)).startswith("PSI: 0.314")


@pytest.mark.parametrize(("value", "text"), [(1234.0, "1,234"), (3.0, "3"), (0.456, "0.46"), (15.55, "15.6")])
def test_a_value_has_no_more_digits_than_a_person_reads(value: float, text: str) -> None:
    assert presenters.number(float(np.float64(value))) == text
