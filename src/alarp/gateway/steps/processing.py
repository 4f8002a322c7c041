"""Has the tool that is a program on this machine read the study, and what did it leave?

One step, taken up again until the program has ended: it waits until all images lie there, asks the gate once more,
starts the program in a process of its own and looks every second. What it left goes through the door where results
are matched. A program that says "later" (exit code 75, EX_TEMPFAIL of sysexits.h), that could not be started or was killed
is tried again; any other code, the time limit and a result that cannot be read end the dispatch as failed, in the phase
"process".
"""

from __future__ import annotations

import os
import secrets
import shutil
import signal
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from django.db import transaction

from alarp.gateway import receiving
from alarp.gateway.adapters import findings, folders, keeping
from alarp.gateway.adapters.commands import command_of
from alarp.gateway.adapters.folders import RESULT, Folder, Outcome
from alarp.gateway.receiving.files import under_own_meta
from alarp.gateway.steps.proving import Barred
from alarp.gateway.steps.sending import Gate
from alarp.kernel import BadInput, Phase, Unavailable
from alarp.records import clock, objects
from alarp.records.assurance import outages
from alarp.records.ledger import dispatches, work
from alarp.records.ledger.models import Dispatch, Peer, Work
from alarp.records.ledger.work import Claim

LOOK_AGAIN_S = 1.0
LATER = 75
OVER = (Dispatch.REFUSED, Dispatch.OPTED_OUT, Dispatch.FAILED)


class Failed(Exception):
    """The program did not do it on this study: a sentence for a person."""


def process(step: Claim) -> None:
    """Have one study read by its program, or see how far that is."""
    related = ("study__peer", "deployment__version__product", "deployment__site")
    dispatch = Dispatch.objects.select_related(*related).get(pk=int(step.payload["dispatch"]))
    tool = Peer.objects.select_related("deployment__site", "deployment__version__product").get(
        pk=int(step.payload["peer"])
    )
    folder = Folder.of(tool.aet, dispatch.pk)
    if _leaving(dispatch):  # asked first: a run is asked for before its folder is there
        _look_again(step)
        return
    if not folder.exists or dispatch.state in OVER:
        folder.stop()
        _over(step, folder)
        return
    try:
        _go_on(step, dispatch, tool, folder)
    except Barred as bar:
        folder.stop()
        dispatches.end(step, dispatch, bar.state, bar.phase, bar.sentence)
        folder.discard()
    except Failed as failure:
        dispatches.end(step, dispatch, Dispatch.FAILED, Phase.PROCESS, str(failure))
        folder.discard(but_for_a_look=True)
    except Unavailable as error:
        dispatches.trouble(step, dispatch, Phase(error.phase or Phase.PROCESS), str(error))


def _leaving(dispatch: Dispatch) -> bool:
    key = f"{dispatch.deployment_id}:{dispatch.pk}"
    return bool(Work.objects.filter(kind="send", key=key, state__in=work.OPEN).exists())


def _go_on(step: Claim, dispatch: Dispatch, tool: Peer, folder: Folder) -> None:
    if dispatch.items.filter(sent_at__isnull=True).exists():
        _over(step, folder)  # its sending was broken off for good: a part of a study is not read
        return
    outcome = folder.outcome
    if outcome is None:
        refusal = dispatches.opted_out_here(dispatch.study, dispatch.deployment)
        if folder.is_running and refusal:
            raise Barred(Dispatch.OPTED_OUT, Phase.OPT_OUT, refusal)
        if not folder.is_running:
            _start(step, dispatch, tool, folder)
        _look_again(step)
        return
    _judge(outcome, tool, folder, contained=bool(command_of(tool.aet).engine))
    _take(step, tool, folder, outcome)


def _start(step: Claim, dispatch: Dispatch, tool: Peer, folder: Folder) -> None:
    Gate(dispatch).may_leave()
    command = command_of(tool.aet)
    if not folders.has_turn(tool.aet, command):
        return
    if dispatch.state == Dispatch.HELD:
        with transaction.atomic():
            work.renew(step)
            dispatches.move(dispatch, Dispatch.SENT, Phase.PROCESS)
    folder.start(command)


def _judge(outcome: Outcome, tool: Peer, folder: Folder, *, contained: bool) -> None:
    """Raises Unavailable for an end after which it is tried again, Failed for one that was about this study."""
    if (outcome.ended, outcome.code) == ("exited", 0):
        return
    took = f"after {outcome.seconds:.0f} s"
    if why := _later(outcome, contained=contained):
        folder.again()
        raise Unavailable(f"The program of {tool.aet} {why} {took}.", phase=Phase.PROCESS)
    if outcome.ended == "time limit":
        raise Failed(f"The program of {tool.aet} {outages.AT_ITS_LIMIT}, {took}.")
    raise Failed(f"The program of {tool.aet} ended with code {outcome.code} {took}.")


def _later(outcome: Outcome, *, contained: bool) -> str:
    """Why is it tried again? Empty when it is not. An engine tells of its own faults and of kills by codes (as shells do)."""
    if outcome.ended == "not started" or (contained and outcome.code in (125, 126, 127)):
        return "could not be started"
    if outcome.ended == "stopped":
        return "was stopped"
    if outcome.ended != "exited":
        return ""
    if outcome.code == LATER:
        return "asks to be tried again"
    if outcome.code in (-signal.SIGKILL, -signal.SIGTERM) or (contained and outcome.code in (137, 143)):
        return "was killed from outside"
    return ""


@dataclass(frozen=True, slots=True)
class _Object:
    """One DICOM file that the program left, under the gateway's own file meta."""

    file: Path
    sop_class: str
    sop_uid: str
    transfer_syntax: str


def _take(step: Claim, tool: Peer, folder: Folder, outcome: Outcome) -> None:
    """Keep everything it left, or nothing; each is durable and waits to be matched before the step is done."""
    left = list(folder.results(outcome))
    if not left:
        raise Failed(f"The program of {tool.aet} ended well and left no result.")
    receiving.check_space()
    made: list[_Object] = []
    texts: list[bytes] = []
    try:
        for file in left:
            if file.name == RESULT:
                texts.append(_text(file, tool))
            else:
                made.append(_object(file, tool))
        for one in made:
            receiving.keep(
                tool,
                one.file,
                sop_uid=one.sop_uid,
                sop_class=one.sop_class,
                transfer_syntax=one.transfer_syntax,
            )
        for text in texts:
            keeping.keep(tool, text)
    finally:
        for one in made:
            one.file.unlink(missing_ok=True)
    _over(step, folder)


def _text(file: Path, tool: Peer) -> bytes:
    with file.open("rb") as handle:
        text = handle.read(findings.MOST_BYTES + 1)
    try:
        findings.read(text)
    except BadInput as error:
        raise Failed(f"The {RESULT} of {tool.aet} cannot be used: {error}") from None
    return text


def _object(file: Path, tool: Peer) -> _Object:
    place = objects.incoming_folder() / f"program-{os.getpid()}-{secrets.token_hex(8)}"
    came = place.with_suffix(".part")
    try:
        shutil.copyfile(file, came)
        sop_class, sop_uid, syntax = under_own_meta(came, place)
    except BadInput:
        place.unlink(missing_ok=True)
        raise Failed(f"The program of {tool.aet} left a .dcm file that is no DICOM object.") from None
    finally:
        came.unlink(missing_ok=True)
    return _Object(place, sop_class, sop_uid, syntax)


def _look_again(step: Claim) -> None:
    with transaction.atomic():
        # A run that was begun anew has mended nothing yet: only one that ended well has.
        work.postpone(step, due_at=clock.now() + timedelta(seconds=LOOK_AGAIN_S), mended=False)


def _over(step: Claim, folder: Folder) -> None:
    folder.discard()
    with transaction.atomic():
        work.finish(step)
