"""Act two: the tool runs in silence, is counted, and goes live on what was counted."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from alarp.demo import scans
from alarp.demo.hospital import Hospital, expect
from alarp.demo.journey.gates import Candidate
from alarp.demo.journey.paperwork import measured
from alarp.demo.telling import Story
from alarp.phantom import Scan

SILENT_FILMS = 20  # ten a scanner: the reference that later scores are held against
SILENT_ABDOMENS = 2


def silent_films(when: datetime) -> list[Scan]:
    return scans.simulate_films(
        scans.orders(
            SILENT_FILMS,
            first_patient=100,
            when=when,
            prefix="SI",
            scanners=scans.RIVERSIDE,
            nodules_in_round=4,
        )
    )


def silent_abdomens(when: datetime) -> list[Scan]:
    return scans.simulate_abdomens(
        scans.orders(SILENT_ABDOMENS, first_patient=200, when=when, prefix="SC", scanners=scans.RIVERSIDE)
    )


def send_in_silence(hospital: Hospital, made: list[Scan]) -> None:
    """Send studies through a silent route; the tool works on them while others are sent."""
    for scan in made:
        hospital.scan(scan.datasets, scans.station_of(scan))


def run_in_silence(
    hospital: Hospital, story: Story, made: list[Scan], slug: str, tool: str
) -> dict[str, Any]:
    """Results of the studies that were sent come back, are kept, and never reach the PACS."""
    row: dict[str, Any] = {}

    def all_back() -> bool:
        row.update(of_deployment(hospital.balance(), slug))
        return int(row["returned"]) >= len(made)

    what = f"{tool} has answered {len(made)} studies in silence"
    hospital.wait(what, lambda: hospital.answered_by(tool.lower()) >= len(made))
    hospital.wait(what, all_back, every_s=1.0)
    expect(not hospital.in_pacs(), f"a silent result of {tool} reached the PACS.")
    story.tell(
        f"{tool}: {len(made)} studies sent in silence, {row['returned']} results kept, none in the PACS."
    )
    return row


def of_deployment(balance: dict[str, Any], slug: str) -> dict[str, Any]:
    """This deployment's line of the balance."""
    for row in balance["by_deployment"]:
        if row["deployment"] == slug:
            return dict(row)
    return {"deployment": slug, "returned": 0}


def go_live(candidate: Candidate, silent: dict[str, Any]) -> None:
    """Integrate and go-live gates, on what was measured."""
    balance = candidate.hospital.balance()
    expect(bool(balance["balanced"]), "the day of the silent run does not balance.")
    candidate.tell_gate(
        candidate.pass_gate(
            "integrate",
            {
                "reconciliation": measured(
                    "Reconciliation of the silent run",
                    "reconciliation.json",
                    balance,
                    design="silent-prospective",
                ),
                "silent-run": measured("Silent run", "silent-run.json", silent, design="silent-prospective"),
            },
        )
    )
    candidate.story.step()
    candidate.tell_gate(candidate.pass_gate("live"))
    candidate.story.step()
    route = candidate.route()
    expect(route == "live", f"{candidate.tool} is signed live, but its route is {route}.")
    candidate.story.tell(f"{candidate.tool} is live. The gate was the switch.")
