"""Act four: what goes wrong in use is seen, made safe and decided; one tool is scaled, another is stopped."""

from __future__ import annotations

import csv
import re
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from alarp.demo import scans
from alarp.demo.hospital import PASSWORD, Hospital, expect
from alarp.demo.journey.gates import Candidate
from alarp.demo.journey.rooms import MAKER
from alarp.demo.processes import Machine
from alarp.demo.telling import Story
from alarp.phantom import Scan

UPGRADED, STEADY = 1, 0  # room B gets new detector software; room A stays as it was
FILMS_AFTER, FILMS_BESIDE = 14, 4
CONTOURED = 2
# What the planners' stopwatch says: fictional minutes saved by a plan. Whole-life, the tool pays from 22.8 on.
MINUTES_SAVED = (29.0, 26.0, 31.0, 24.0, 28.0, 27.0, 30.0, 25.0)


@dataclass
class Watching:
    """The weeks after go-live, in minutes; each scene is one method."""

    hospital: Hospital
    story: Story
    nodules: Candidate
    livers: Candidate
    tool: Machine
    when: datetime
    caused_at: dict[str, datetime] = field(default_factory=dict)
    version: dict[str, Any] = field(default_factory=dict)  # the alert of the version that nobody approved

    def work(
        self, films: Sequence[Scan], spare: Sequence[Scan], abdomens: Sequence[Scan], silent: Sequence[Scan]
    ) -> None:
        """Every scene, in the order of the weeks."""
        for scene in (
            lambda: self.silent_reports(silent),
            lambda: self.scanner_is_upgraded(films),
            lambda: self.version_changes(spare[0], spare[1]),
            lambda: self.incident(spare[2]),
            self.reader_disagrees,
            lambda: self.live_reports(films),
            self.no_longer_good,
            lambda: self.worth_having_elsewhere(abdomens),
        ):
            scene()
            self.story.step()

    # --- what readers and planners say ------------------------------------------------------------------------

    def silent_reports(self, films: Sequence[Scan]) -> None:
        """The radiologists' reports of the silent run, beside what the tool said: delivered as a file from the RIS."""
        rows = self.reports(films, "silent")
        said = f"{agreed(rows)} {self.deliver(self.nodules, 'reports', rows)}"
        self.story.tell(f"Reports from the RIS beside NoduleFlag's silent run: {said}")
        again = self.deliver(self.nodules, "reports", rows)
        expect("0 new" in again, f"the same delivery was counted twice: {again}")
        self.story.tell("The same file delivered once more changed nothing: each event counts once.")

    def live_reports(self, films: Sequence[Scan]) -> None:
        """The reports since the upgrade: in room B the tool and the radiologists go separate ways, and the route closes."""
        self.caused_at["agreement"] = datetime.now(UTC)
        rows = self.reports(films, "live")
        said = f"{agreed(rows)} {self.deliver(self.nodules, 'reports', rows)}"
        alert = self.alerts("agreement")[0]
        expect(
            "SIMB2" in alert["subgroup"], f"disagreement was called on {alert['subgroup']}, not on room B."
        )
        self.hospital.wait("the route of NoduleFlag is closed", lambda: self.nodules.route() == "closed")
        self.story.tell(
            f"Reports of the films since the upgrade: {said} {alert['cause']} The rule closed the route."
        )
        self.take_up(
            self.nodules, alert, "amara", "Readers were told; the review is brought forward to today."
        )

    def reports(self, films: Sequence[Scan], route: str) -> list[dict[str, Any]]:
        """What the radiologists wrote of these films, as agreement with the tool."""
        decisions = self.decisions()
        rows = []
        for film in films:
            image = film.datasets[0]
            said = decisions[str(image.AccessionNumber)]
            rows.append(
                {
                    "event_id": f"RIS-{image.AccessionNumber}",
                    "at": self.when.isoformat(timespec="seconds"),
                    "route": route,
                    "station": str(image.StationName),
                    "manufacturer": str(image.Manufacturer),
                    "model": str(image.ManufacturerModelName),
                    "agreement": "agree" if said == scans.report_label(film) else "disagree",
                }
            )
        return rows

    def decisions(self) -> dict[str, str]:
        """What the tool said of each film, by accession number; read from the results kept at the hospital."""
        found = {}
        for row in self.hospital.results(self.nodules.slug):
            flagged = not str(row["decision"]).lower().startswith("no ")
            found[str(row["accession"])] = "positive" if flagged else "negative"
        return found

    def deliver(self, candidate: Candidate, source: str, rows: Sequence[dict[str, Any]]) -> str:
        """Hand a file of events over, as another system would."""
        file = self.hospital.folder / "deliveries" / f"{candidate.slug}-{source}.csv"
        file.parent.mkdir(parents=True, exist_ok=True)
        with file.open("w", newline="", encoding="utf-8") as handle:
            writer = csv.DictWriter(handle, list(rows[0]))
            writer.writeheader()
            writer.writerows(rows)
        words = ("--deployment", candidate.slug, "--source", source)
        return self.hospital.alarp("monitor", "import", str(file), *words).strip()

    # --- a scanner is upgraded ---------------------------------------------------------------------------------

    def scanner_is_upgraded(self, films: Sequence[Scan]) -> None:
        """New detector software in room B: its films are noisier, and the tool's scores there move; room A's do not."""
        before = self.filed_now()
        self.caused_at["score-drift"] = datetime.now(UTC)
        for film in films:
            self.hospital.scan(film.datasets, scans.station_of(film))
        self.filed(before + len(films), f"{len(films)} films after the upgrade have their reports")
        alert, *others = self.alerts("score-drift")
        expect(
            "SIMB2" in alert["subgroup"] and not others,
            f"drift was called on {alert['subgroup']} and {len(others)} more, not on room B alone.",
        )
        self.story.tell(f"Room B's detector was upgraded: {alert['cause']}")
        self.take_up(
            self.nodules,
            alert,
            "chidi",
            "Noise after the upgrade; the manufacturer's engineer comes tomorrow.",
        )
        self.story.tell("Dr Chidi Eze was told, and acknowledged it; room A shows no drift.")

    # --- the supplier changes its version without a word -------------------------------------------------------

    def version_changes(self, first: Scan, second: Scan) -> None:
        """NoduleFlag 2.2.0 answers where 2.1.0 was approved: the first result closes the route, and is not filed."""
        before, sent = self.filed_now(), self.hospital.reached("noduleflag")
        self.restart_tool("2.2.0")
        self.caused_at["version-seen"] = datetime.now(UTC)
        self.hospital.scan(first.datasets, scans.station_of(first))
        self.hospital.wait("the route of NoduleFlag is closed", lambda: self.nodules.route() == "closed")
        arrived = self.hospital.reached("noduleflag")
        self.hospital.scan(second.datasets, scans.station_of(second))
        time.sleep(2)
        expect(
            self.hospital.reached("noduleflag") == arrived,
            "a second study reached the unapproved version.",
        )
        expect(self.filed_now() == before, "a result of an unapproved version reached the PACS.")
        alert = self.version = self.alerts("version-seen")[0]
        studies = arrived - sent
        self.story.tell(
            f"NoduleFlag came back as 2.2.0, unannounced: the route closed on {studies} study, "
            f"{alert['cause_to_closure_s']:.1f} s after it went out; nothing was filed."
        )

    def incident(self, after: Scan) -> None:
        """Made safe, cause, harm, hazard, decision; then the route is opened again by a signed word."""
        alert = self.version
        self.take_up(self.nodules, alert, "chidi", "Route closed by the rule; the supplier is on the phone.")
        page, helen = self.nodules.page, self.hospital.visit("helen")
        report = f"{page}incidents/report/?alert={alert['number']}"
        where = helen.submit(report, {"summary": alert["cause"]}, having="summary")
        for entry in (
            {
                "entry": "made-safe",
                "text": "The route closed by itself; every film was read without the tool.",
            },
            {
                "entry": "cause",
                "text": "The supplier rolled out 2.2.0 to all hospitals overnight, without notice.",
            },
            {
                "entry": "harm",
                "level": "none",
                "device": "on",
                "text": "One result of 2.2.0 came back and was kept, not filed.",
            },
            {"entry": "hazard", "hazard": "H11", "text": "Silent update: the hazard log foresaw it."},
        ):
            helen.submit(where, entry, having="text")
        self.restart_tool("2.1.0")
        decision = {
            "outcome": "reopen",
            "text": "2.1.0 is back; notice of 30 days is now in the contract.",
            "password": PASSWORD,
        }
        helen.submit(f"{where}decide/", decision, having="text")
        lift = self.lift_page()
        chidi = self.hospital.visit("chidi")
        chidi.submit(
            lift,
            {"reason": "Version 2.1.0 checked on the bench, incident decided.", "password": PASSWORD},
            having="reason",
        )
        helen.submit(
            where,
            {"entry": "closed", "text": "Decided, and the supplier's letter is on file."},
            having="text",
        )
        before = self.filed_now()
        self.hospital.scan(after.datasets, scans.station_of(after))
        self.filed(before + 1, "the first film after the incident has its report")
        self.story.tell(
            "Incident: made safe, cause found, hazard H11 linked, decided; the route was opened again by a signed word."
        )

    def lift_page(self) -> str:
        page = self.hospital.visit("chidi").read(self.nodules.page)
        found = re.search(rf"{self.nodules.page}closures/\d+/lift/", page)
        expect(found is not None, "the deployment's page offers no way to lift the closing.")
        return found.group(0) if found else ""

    # --- a reader says that the AI is wrong --------------------------------------------------------------------

    def reader_disagrees(self) -> None:
        """One click on a study; somebody looks; the reader is told what came of it."""
        erik, study = self.hospital.visit("erik"), self.newest_study()
        page = erik.read(study)
        found = re.search(r'action="(/studies/\d+/feedback/\d+/)"', page)
        expect(found is not None, "the study's page offers no way to say that the AI is wrong.")
        place = found.group(1) if found else ""
        erik.submit(place, {"reason": "false-mark", "verdict": "wrong", "text": ""}, having="text")
        helen = self.hospital.visit("helen")
        report = re.findall(r'href="(/feedback/\d+/)"', helen.read("/feedback/"))[0]
        answer = "A vessel seen end on; the supplier has it, and it is in the next training."
        helen.submit(report, {"outcome": "supplier-told", "answer": answer}, having="answer")
        expect(answer in erik.read("/feedback/mine/"), "the reporter was not told what came of it.")
        self.story.tell(
            "Dr Erik Lindqvist said in one click that a mark was wrong; he was told what came of it."
        )

    def newest_study(self) -> str:
        """The page of the study whose result came back last."""
        row = self.hospital.results(self.nodules.slug)[-1]
        return f"/studies/{row['study']}/"

    # --- reviews -----------------------------------------------------------------------------------------------

    def no_longer_good(self) -> None:
        """NoduleFlag is reviewed against what was signed before go-live, and stopped: its retirement begins."""
        against = "In room A it reads as it did in the silent run; room B could be repaired, and the version is back."
        because = (
            "In room B it is surely wrong more often than right, and the supplier changed it without a word."
        )
        self.review(self.nodules, "stop", against, because)
        expect(self.nodules.route() == "closed", "NoduleFlag was stopped, but its route is open.")
        for username, step, note in (
            (
                "bethan",
                "fall-back",
                "Films are read in the order of arrival again; readers were told on the day.",
            ),
            ("gareth", "worklist-rules", "The mark in the reading list is removed and was tried out."),
        ):
            self.hospital.visit(username).submit(
                f"{self.nodules.page}retirement/", {"step": step, "note": note}, having="note"
            )
        self.story.tell(
            "NoduleFlag was reviewed against what was signed before go-live: stopped. Its route is closed, its retirement begun."
        )

    def worth_having_elsewhere(self, abdomens: Sequence[Scan]) -> None:
        """LiverContour saves the minutes that it costs, by the planners' stopwatch: it is scaled."""
        before = self.filed_now()
        for scan in abdomens:
            self.hospital.scan(scan.datasets, scans.station_of(scan))
        self.filed(before + len(abdomens), "LiverContour's contours lie in the PACS")
        rows = [
            {
                "event_id": f"PLAN-{n:03}",
                "at": datetime.now(UTC).isoformat(timespec="seconds"),
                "route": "live",
                "minutes_saved": minutes,
            }
            for n, minutes in enumerate(MINUTES_SAVED, start=1)
        ]
        self.deliver(self.livers, "planning", rows)
        against = "Eight plans are few, and all were drawn by the two planners who wanted the tool."
        because = "The minutes saved lie above the whole-life break-even, as signed before go-live; no patient was harmed."
        self.review(self.livers, "scale", against, because)
        expect(self.livers.route() == "live", "LiverContour was scaled, but its route is not live.")
        self.story.tell(
            "LiverContour was reviewed: scaled. Moorgate may propose it, with this evidence in hand."
        )

    def review(self, candidate: Candidate, decision: str, against: str, because: str) -> None:
        """The review is computed, its counter-argument written, and three people sign it."""
        place = f"{candidate.page}review/"
        page = self.hospital.visit(MAKER).read(place)
        expect(
            f"alarp-outcome--large alarp-outcome--{decision}" in page,
            f"the review of {candidate.tool} does not come to {decision}.",
        )
        self.hospital.visit(MAKER).submit(place, {"counter_argument": against}, having="counter_argument")
        gate = candidate.pathway.gate("review")
        for role in gate.roles:
            candidate.sign(gate, role, meaning=decision, reason=because)

    # --- small things ------------------------------------------------------------------------------------------

    def filed_now(self) -> int:
        return len(set(self.hospital.in_pacs()))

    def filed(self, expected: int, what: str) -> None:
        self.hospital.wait(what, lambda: self.filed_now() >= expected)

    def restart_tool(self, version: str) -> None:
        """The vendor restarts the tool on the same port, in this version."""
        port = self.tool.port
        self.tool.stop()
        self.tool = self.hospital.start_tool("noduleflag", "NODULEFLAG", port=port, version=version)

    def alerts(self, monitor: str) -> list[dict[str, Any]]:
        """Every alert of this monitor, once there is one."""
        found: list[dict[str, Any]] = []

        def raised() -> bool:
            found[:] = [a for a in self.hospital.watched()["alerts"] if a["monitor"] == monitor]
            return bool(found)

        self.hospital.wait(f"the alarm '{monitor}' is raised", raised, every_s=1.0)
        return found

    def take_up(self, candidate: Candidate, alert: dict[str, Any], username: str, note: str) -> None:
        """Whoever was told says to have it in hand."""
        expect(username in alert["told"], f"{username} was not told of alert {alert['number']}.")
        place = f"{candidate.page}alarms/{alert['number']}/"
        self.hospital.visit(username).submit(place, {"note": note}, having="note")


def agreed(rows: Sequence[dict[str, Any]]) -> str:
    """How many agree, of how many?"""
    return f"{sum(row['agreement'] == 'agree' for row in rows)} of {len(rows)} agree."


def upgrade_films(when: datetime) -> list[Scan]:
    """The films after room B's upgrade, and beside them some of room A."""
    return scans.simulate_films(
        [
            *scans.orders(FILMS_AFTER, first_patient=300, when=when, prefix="UB", scanners=(UPGRADED,), nodules_in_round=4, after_upgrade=(UPGRADED,)),
            *scans.orders(FILMS_BESIDE, first_patient=340, when=when, prefix="UA", scanners=(STEADY,), nodules_in_round=4),
        ]
    )  # fmt: skip


def later_films(when: datetime) -> list[Scan]:
    return scans.simulate_films(
        scans.orders(3, first_patient=450, when=when, prefix="VS", scanners=(STEADY,))
    )


def later_abdomens(when: datetime) -> list[Scan]:
    return scans.simulate_abdomens(
        scans.orders(CONTOURED, first_patient=220, when=when, prefix="LC", scanners=scans.RIVERSIDE)
    )
