"""`alarp demo`: build the demonstration hospital, live through its first days, then serve it."""

from __future__ import annotations

import json
import shutil
import signal
import sys
import threading
import time
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import typer

from alarp.demo import scans
from alarp.demo.hospital import PASSWORD, Hospital
from alarp.demo.journey import balance, need_to_silent, silent_to_live, watching
from alarp.demo.journey.day import Day, day_films, spare_films
from alarp.demo.journey.evaluations import (
    Evaluation,
    evaluate_livercontour,
    evaluate_lungcontour,
    evaluate_noduleflag,
)
from alarp.demo.journey.gates import Candidate
from alarp.demo.journey.need_to_silent import Proposal
from alarp.demo.processes import free_port, is_taken
from alarp.demo.telling import Story
from alarp.kernel import AlarpError, BadInput
from alarp.phantom import Scan

STEPS, STEPS_UNTIL_LIVE = 38, 22
PORT = 8000
MADE_BY_US = "this-folder-belongs-to-alarp-demo"


def live_through(
    hospital: Hospital, story: Story, data: Path | None, *, until_live: bool = False
) -> dict[str, Any]:
    """The whole journey, or its first half, until two tools go live; its summary."""
    when = datetime.now(UTC).astimezone().replace(microsecond=0)
    day, then = when.date(), when - timedelta(days=9)
    real = scans.real_abdomen(data) if data else None
    caused_at: dict[str, datetime] = {}
    with ThreadPoolExecutor(1) as bench:
        # The physicist's bench needs no gateway: it measures the tools while the hospital is built.
        measured = {
            need_to_silent.NODULEFLAG: bench.submit(
                evaluate_noduleflag, hospital, then, real=real is not None
            ),
            need_to_silent.LIVERCONTOUR: bench.submit(evaluate_livercontour, hospital, then, real),
            need_to_silent.LUNGCONTOUR: bench.submit(evaluate_lungcontour, hospital, then),
        }
        made_films = bench.submit(silent_to_live.silent_films, when)
        made_abdomens = bench.submit(
            lambda: [scans.as_scan(real)] if real else silent_to_live.silent_abdomens(when)
        )
        story.chapter("Building the hospital")
        hospital.build()
        story.tell("Wharfe Valley NHS Trust: two sites, three scanners, a PACS, 17 people; Alarp is running.")
        story.step()
        nodules, livers = _three_tools(hospital, story, day, measured)
        films = None if until_live else bench.submit(lambda: (day_films(when), spare_films(when)))
        story.chapter("Running in silence")
        tool = hospital.connect_tools()["noduleflag"]
        sent = made_films.result(), made_abdomens.result()
        for made in sent:
            silent_to_live.send_in_silence(hospital, made)
        silent = silent_to_live.run_in_silence(hospital, story, sent[0], nodules.slug, "NoduleFlag")
        story.step()
        silent_liver = silent_to_live.run_in_silence(hospital, story, sent[1], livers.slug, "LiverContour")
        story.step()
        later = None if until_live else bench.submit(_films_of_the_weeks, when)
        story.chapter("Going live")
        silent_to_live.go_live(nodules, silent)
        silent_to_live.go_live(livers, silent_liver)
        if films and later:
            story.chapter("A day in the department")
            ordinary, spare = films.result()
            today = Day(hospital, story, nodules, tool, when)
            today.work(ordinary, spare)
            story.chapter("The weeks after: watched, and decided")
            weeks = watching.Watching(hospital, story, nodules, livers, today.tool, when, caused_at)
            weeks.work(*later.result(), made_films.result())
    story.chapter("Is everything accounted for?")
    evaluations = {wish.tool.lower(): found.result() for wish, found in measured.items()}
    summary = balance.summarise(hospital, evaluations, caused_at)
    summary["faults"] = balance.faults(summary, balance.WHEN_LIVE if until_live else balance.IN_THE_END)
    story.tell(summary["sentence"])
    story.step()
    return summary


def _films_of_the_weeks(when: datetime) -> tuple[list[Scan], list[Scan], list[Scan]]:
    """What the scanners will make in the weeks after: after the upgrade, beside it, and for the planners."""
    return watching.upgrade_films(when), watching.later_films(when), watching.later_abdomens(when)


def _three_tools(
    hospital: Hospital, story: Story, day: date, measured: dict[Proposal, Future[Evaluation]]
) -> list[Candidate]:
    """Three tools from need on; the bench measures them meanwhile. Two go on to silent running, one is stopped."""
    candidates = []
    for wish in measured:
        story.chapter(f"{wish.tool}: need and appraisal")
        candidates.append(need_to_silent.propose(hospital, story, wish, day))
        story.step()
        if wish is need_to_silent.NODULEFLAG:
            need_to_silent.be_refused(candidates[0])
        need_to_silent.appraise(candidates[-1])
    for candidate, (wish, evaluation) in zip(candidates, measured.items(), strict=True):
        story.chapter(f"{wish.tool}: evaluation and procurement")
        if wish is need_to_silent.LUNGCONTOUR:
            need_to_silent.be_stopped(candidate, evaluation.result())
            story.step()
        else:
            need_to_silent.to_silent(candidate, evaluation, wish.headline)
    return candidates[:2]


def prepare(folder: Path) -> None:
    """An empty folder of our own. Raises BadInput when somebody else's files lie there."""
    marker = folder / MADE_BY_US
    if folder.exists() and any(folder.iterdir()) and not marker.exists():
        raise BadInput(
            f"{folder} holds files that the demonstration did not make. Give --out an empty folder."
        )
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    marker.touch()


def tell_the_way_in(hospital: Hospital) -> None:
    """The address, and one sign-in per role."""
    print(f"\nThe hospital is open on {hospital.address}/ ; stop it with Ctrl-C.\n")
    print(f"Sign in with one of these names and the password {PASSWORD}\n")
    for person in hospital.people["people"]:
        print(f"  {person['username']:<9} {person['full_name']:<22} {', '.join(person['roles'])}")
    print(f"\nBegin with what just happened: {hospital.address}/just-happened/\n", flush=True)


def stay_open(hospital: Hospital) -> None:
    """Serve until told to stop."""
    done = threading.Event()
    for name in (signal.SIGTERM, signal.SIGINT):
        signal.signal(name, lambda *_: done.set())
    while not done.wait(0.5):  # a signal may reach another thread: look for it now and then
        pass
    print("Closing the hospital.", flush=True)


def main(
    once: bool = typer.Option(
        False, "--once", help="Live through the journey, write the summary, serve nothing."
    ),
    out: Path = typer.Option(
        Path("alarp-data/demo"), help="Folder of the demonstration; summary.json lies in it."
    ),
    data: Path = typer.Option(None, help="Folder with a real CT series and its RTSTRUCT for LiverContour."),
    port: int = typer.Option(0, min=0, max=65535, help="Port of the site on 127.0.0.1; 8000 when left out."),
    until_live: bool = typer.Option(
        False,
        "--until-live",
        help="End the journey when two tools have gone live: no day in the department, no weeks after.",
    ),
    fresh: bool = typer.Option(False, help="Build a hospital that stands already from the ground again."),
) -> None:
    """Build the demonstration hospital, live through its first days, then serve it."""
    port = port or (free_port() if once else PORT)
    if is_taken(port):
        raise BadInput(f"Port {port} on this machine is taken by another program. Give another with --port.")
    summary_file = out / "summary.json"
    stands = summary_file.is_file() and (out / MADE_BY_US).exists() and data is None
    if stands and not once and not fresh:
        reopen(out, port)
        return
    prepare(out)
    hospital = Hospital(out, port)
    started_at = time.monotonic()
    try:
        with Story(STEPS_UNTIL_LIVE if until_live else STEPS) as story:
            summary = live_through(hospital, story, data, until_live=until_live)
        summary["seconds"] = round(time.monotonic() - started_at, 1)
        summary_file.write_text(json.dumps(summary, indent=2, ensure_ascii=False), encoding="utf-8")
        for fault in summary["faults"]:
            print(f"Not right: {fault}", file=sys.stderr)
        print(f"{summary_file} has the figures; the journey took {summary['seconds']:.0f} s.", flush=True)
        if not once:
            tell_the_way_in(hospital)
            stay_open(hospital)
    finally:
        hospital.close()
    if summary["faults"]:
        raise typer.Exit(1)


def reopen(folder: Path, port: int) -> None:
    """The hospital of last time, opened again without living through it anew."""
    hospital = Hospital(folder, port)
    print(f"The hospital in {folder} stands already and is opened again; --fresh builds it anew.", flush=True)
    try:
        hospital.reopen()
        tell_the_way_in(hospital)
        stay_open(hospital)
    finally:
        hospital.close()


if __name__ == "__main__":
    try:
        typer.run(main)
    except AlarpError as error:
        print(str(error), file=sys.stderr)
        sys.exit(2)
