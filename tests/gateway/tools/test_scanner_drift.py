"""Does a scanner upgrade move NoduleFlag's scores on that scanner alone? On films of the demonstration's recipe."""

from __future__ import annotations

from datetime import UTC, datetime

from tool_readback import score_of

from alarp.demo import scans
from alarp.demo.tools.noduleflag import NoduleFlag

WHEN = datetime(2026, 5, 6, 7, 8, 9, tzinfo=UTC)
UPGRADED = 1


def normal_films(first_patient: int, *, after_upgrade: tuple[int, ...] = ()) -> list[scans.Order]:
    """Six films in turn on two scanners, none with a nodule."""
    return scans.orders(
        6,
        first_patient=first_patient,
        when=WHEN,
        prefix="DR",
        scanners=scans.RIVERSIDE,
        nodules_in_round=4,
        after_upgrade=after_upgrade,
    )


def scores(orders: list[scans.Order]) -> dict[int, list[float]]:
    found: dict[int, list[float]] = {0: [], 1: []}
    for order in orders:
        report = NoduleFlag().analyse(list(scans.film(order).datasets))
        found[order.scanner].append(score_of(report))
    return found


def test_normal_films_score_higher_after_the_upgrade_on_that_scanner_alone() -> None:
    before = scores(normal_films(100))
    after = scores(normal_films(300, after_upgrade=(UPGRADED,)))
    assert min(after[UPGRADED]) > max(before[UPGRADED])
    assert max(after[1 - UPGRADED]) < 0.5


def test_only_the_upgraded_scanner_takes_its_films_in_another_state() -> None:
    orders = normal_films(300, after_upgrade=(UPGRADED,))
    assert [order.upgraded for order in orders] == [False, True] * 3
    assert [order.machine().software for order in orders[:2]] == ["SIM-A 1.0", "SIM-B 3.0"]
    assert orders[1].machine().station == "SIMB2"


def test_in_every_second_round_or_as_asked_the_chests_have_nodules() -> None:
    def sick(every: int) -> list[bool]:
        orders = scans.orders(
            8, first_patient=1, when=WHEN, prefix="X", scanners=scans.RIVERSIDE, nodules_in_round=every
        )
        return [order.nodules > 0 for order in orders]

    assert sick(2) == [False, False, True, True] * 2
    assert sick(4) == [False] * 6 + [True] * 2


def test_the_label_of_a_film_says_what_is_on_it() -> None:
    orders = scans.orders(
        2, first_patient=1, when=WHEN, prefix="X", scanners=scans.MOORGATE, nodules_in_round=2
    )
    assert [scans.report_label(scans.film(order)) for order in orders] == ["negative", "positive"]
