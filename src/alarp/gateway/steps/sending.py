"""May this study leave, under which names, and has the tool taken it?

The order is fixed: route, opt-out, de-identify every image, scan every image, then connect. Route and
opt-out are asked again in the ledger before each image, so that a hold or an opt-out recorded a moment
ago stops what has not left yet.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from django.db import transaction

from alarp.gateway import associations, keys, ways
from alarp.gateway.steps.looking import NotLookedAt, looked_at
from alarp.identity import Deidentified, Profile, Pseudonyms, deidentify, identifiers_of, scan
from alarp.kernel import BadInput, Phase, RouteState, Unavailable, sha256_hex
from alarp.records import objects
from alarp.records.assurance.clearances import WAITS_FOR_A_LOOK
from alarp.records.audit.models import AuditStream
from alarp.records.deployments import queries as deployments
from alarp.records.ledger import dispatches, pulls, work
from alarp.records.ledger.models import Dispatch, DispatchInstance, Peer
from alarp.records.ledger.work import Claim
from alarp.standards.deidentification import load_profile

OVER = (Dispatch.SENT, Dispatch.RETURNED, Dispatch.REFUSED, Dispatch.OPTED_OUT, Dispatch.FAILED)


class Barred(Exception):
    """It may not leave: the state it stands in now, where, and the sentence for a person."""

    def __init__(self, state: str, phase: Phase, sentence: str) -> None:
        super().__init__(sentence)
        self.state, self.phase, self.sentence = state, phase, sentence


@dataclass(frozen=True, slots=True)
class Prepared:
    """One image as it would leave, in a file of its own."""

    item: int
    outgoing: associations.Outgoing


def send(step: Claim) -> None:
    """Send one study to one tool, or say why not."""
    dispatch = _load(int(step.payload["dispatch"]))
    if dispatch.state in OVER:
        with transaction.atomic():
            work.finish(step)
        return
    try:
        gate = Gate(dispatch)
        gate.may_leave()
        with _folder() as folder:
            prepared = _prepare(step, dispatch, folder)
            if pulls.fetches(dispatch.deployment):
                pulls.leave(step, dispatch)
                return
            _hand_over(step, gate, prepared)
        dispatches.sent_all(step, dispatch)
    except Barred as bar:
        dispatches.end(step, dispatch, bar.state, bar.phase, bar.sentence)
    except Unavailable as error:
        dispatches.trouble(step, dispatch, Phase(error.phase or Phase.SEND), str(error))


def _load(pk: int) -> Dispatch:
    related = ("study__peer", "deployment__version__product", "deployment__site")
    return Dispatch.objects.select_related(*related).get(pk=pk)


class Gate:
    """Is the route open now, and has the patient not said no? Asked before each image.

    Reading the route anew costs many rows. Every change of a deployment writes an event on its own audit
    stream in the same transaction, so while the head of that stream is the one that was seen, and for no
    longer than `STANDS_S` (evidence lapses with time alone), the last answer still holds.
    """

    STANDS_S = 2.0

    def __init__(self, dispatch: Dispatch) -> None:
        self.dispatch = dispatch
        self._seen: tuple[str, float] = ("", float("-inf"))
        self._route = RouteState.CLOSED

    def may_leave(self) -> RouteState:
        """Raises Barred when it may not, and Unavailable when nobody can tell."""
        with transaction.atomic():
            self._read_route()
            refusal = dispatches.opted_out_here(self.dispatch.study, self.dispatch.deployment, strict=True)
            if refusal:
                raise Barred(Dispatch.OPTED_OUT, Phase.OPT_OUT, refusal)
        return self._route

    def _read_route(self) -> None:
        stream = AuditStream.objects.filter(slug=self.dispatch.deployment.slug)
        head, now = stream.values_list("head", flat=True).first() or "", time.monotonic()
        if head == self._seen[0] and now - self._seen[1] < self.STANDS_S:
            return
        route = deployments.route(self.dispatch.deployment)
        if route.state == RouteState.CLOSED:
            raise Barred(Dispatch.HELD, Phase.SEND, f"Came while the route was closed: {route.reason}")
        self._route, self._seen = route.state, (head, now)


@contextmanager
def _folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(dir=objects.incoming_folder(), prefix="outgoing-") as folder:
        yield Path(folder)


def _prepare(step: Claim, dispatch: Dispatch, folder: Path) -> list[Prepared]:
    """De-identify and scan every image that has not left yet; note the names before any of them leaves."""
    profile = load_profile()
    pseudonyms = keys.of_dispatch(dispatch)
    prepared: list[Prepared] = []
    names: dict[int, dict[str, str]] = {}
    study_names: dict[str, str] = {}
    waiting = dispatch.items.filter(sent_at__isnull=True).select_related("instance").order_by("instance_id")
    for item in waiting:
        with transaction.atomic():
            work.renew(step)
        left = without_identity(item, profile, pseudonyms)
        outgoing = left.part10
        names[item.pk] = {
            "sop_uid_sent": left.sop_instance_uid,
            "series_uid_sent": left.series_uid,
            "frame_uid_sent": left.frame_of_reference_uid,
            "sent_sha256": sha256_hex(outgoing),
        }
        study_names = {
            "patient_pseudonym": left.patient_pseudonym,
            "accession_pseudonym": left.accession_pseudonym,
            "study_uid_sent": left.study_uid,
        }
        file = folder / f"{item.pk}.dcm"
        file.write_bytes(outgoing)
        prepared.append(Prepared(item.pk, associations.Outgoing.of(file)))
    dispatches.crosswalk(step, dispatch, names, profile=keys.note(profile, pseudonyms), **study_names)
    return prepared


def without_identity(item: DispatchInstance, profile: Profile, pseudonyms: Pseudonyms) -> Deidentified:
    """The image without its patient, proven by the second scanner; Barred when that cannot be had."""
    original = objects.get(item.instance.sha256)
    try:
        shown, cleaned = looked_at(item, original)
        left = deidentify(shown, profile=profile, pseudonyms=pseudonyms, pixels_cleaned=cleaned)
        leaks = scan(left.part10, identifiers_of(original))
    except NotLookedAt as why:
        raise Barred(Dispatch.HELD, Phase.DEIDENTIFY, f"{WAITS_FOR_A_LOOK}{why}") from None
    except BadInput as error:
        raise Barred(Dispatch.FAILED, Phase.DEIDENTIFY, f"Cannot be de-identified: {error}") from None
    if leaks:
        found = f"{len(leaks)} place" + ("s" if len(leaks) > 1 else "")
        raise Barred(
            Dispatch.FAILED,
            Phase.DEIDENTIFY,
            f"The second scanner still finds the patient's identifiers in {found}; nothing left.",
        )
    return left


def _hand_over(step: Claim, gate: Gate, prepared: list[Prepared]) -> None:
    if not prepared:
        return
    dispatch = gate.dispatch
    tool = (
        Peer.objects.filter(kind=Peer.TOOL, deployment=dispatch.deployment, enabled=True)
        .order_by("pk")
        .first()
    )
    if tool is None:
        raise Unavailable(
            "No AI tool is connected for this deployment; enter its address.", phase=Phase.CONNECT
        )
    outgoing = [one.outgoing for one in prepared]
    with ways.open_to(tool, outgoing) as store:
        for number, one in enumerate(prepared):
            route = gate.may_leave()
            try:
                store(one.outgoing, number)
            except associations.Rejected as error:
                raise Barred(Dispatch.FAILED, Phase.SEND, str(error)) from None
            dispatches.sent_one(step, dispatch, one.item, route)
