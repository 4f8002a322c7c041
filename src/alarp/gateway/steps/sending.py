"""May this study leave, under which names, and has the tool taken it?

The order is fixed: route, opt-out, prove every image (`proving`), then connect. Route and opt-out are asked again in
the ledger before each image, so that a hold or an opt-out recorded a moment ago stops what has not left yet.

What the ledger must know is written a batch at a time, in one transaction: the acknowledgements of the last images,
and of the next ones the names under which they leave and that they are under way. A worker that dies between two of
these lets its successor send again what it sent since, under the same names and as the same bytes; every time stands
in the egress record, and a dispatch that ends says of how many images nobody knows.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from itertools import chain
from pathlib import Path
from types import TracebackType

from django.db import transaction

from alarp.gateway import associations, ways
from alarp.gateway.steps.proving import Barred, Proof, Proven, waiting
from alarp.kernel import Phase, RouteState, Unavailable
from alarp.records import clock, objects
from alarp.records.audit.models import AuditStream
from alarp.records.configuration import configuration
from alarp.records.deployments import queries as deployments
from alarp.records.ledger import dispatches, pulls, work
from alarp.records.ledger.models import Dispatch, Peer
from alarp.records.ledger.work import Claim

OVER = (Dispatch.SENT, Dispatch.RETURNED, Dispatch.REFUSED, Dispatch.OPTED_OUT, Dispatch.FAILED)
AT_ONCE = 32
"""How many images one transaction of the ledger covers."""
NOTED_WITHIN_S = 1.0
"""An acknowledgement waits no longer than this, and until the next image leaves, for its transaction."""


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
            proof = _prove(step, dispatch, folder)
            if pulls.fetches(dispatch.deployment):
                _note_names(step, dispatch, proof)
                pulls.leave(step, dispatch)
                return
            _hand_over(step, gate, proof)
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
        """Raises Barred when it may not, and Unavailable when nobody can tell.

        Asked outside a transaction where it can be: on SQLite one keeps every writer waiting.
        """
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
        with transaction.atomic():
            route = deployments.route(self.dispatch.deployment)
        if route.state == RouteState.CLOSED:
            raise Barred(Dispatch.HELD, Phase.SEND, f"Came while the route was closed: {route.reason}")
        self._route, self._seen = route.state, (head, now)


@contextmanager
def _folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(dir=objects.incoming_folder(), prefix="outgoing-") as folder:
        yield Path(folder)


def _prove(step: Claim, dispatch: Dispatch, folder: Path) -> Proof:
    """Prove every image that has not left yet; the lease is held as long as that takes."""
    proof = Proof(dispatch, folder)
    renewed, every_s = time.monotonic(), configuration().lease_s / 4
    for _ in chain(map(proof.add, waiting(dispatch)), proof.look_again()):
        if time.monotonic() - renewed >= every_s:
            with transaction.atomic():
                work.renew(step)
            renewed = time.monotonic()
    return proof


def _note_names(step: Claim, dispatch: Dispatch, proof: Proof) -> None:
    """For a tool that fetches: the names of all, before any of them can be seen."""
    for start in range(0, len(proof.images), AT_ONCE):
        names = _names(proof.images[start : start + AT_ONCE])
        dispatches.crosswalk(step, dispatch, names, **proof.noted_names)


def _names(images: Sequence[Proven]) -> dict[int, dict[str, str]]:
    return {one.item: one.names for one in images}


def _hand_over(step: Claim, gate: Gate, proof: Proof) -> None:
    if not proof.images:
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
    with (
        ways.open_to(tool, list(proof.kinds.values())) as store,
        _Noted(step, dispatch, proof) as noted,
    ):
        for number, one in enumerate(proof.images):
            noted.leaves(number)
            with proof.ready(one) as outgoing:
                route = gate.may_leave()
                try:
                    noted.begun(one.item)
                    store(outgoing, number)
                except associations.Rejected as error:
                    noted.known(one.item)
                    raise Barred(Dispatch.FAILED, Phase.SEND, str(error)) from None
            noted.taken(one.item, route)


class _Noted:
    """What the ledger knows of the images that leave: names beforehand, acknowledgements soon after."""

    def __init__(self, step: Claim, dispatch: Dispatch, proof: Proof) -> None:
        self._step, self._dispatch, self._proof = step, dispatch, proof
        self._unsure = {int(item) for item in step.payload.get("under_way", ())}
        """Nobody knows whether the tool has these: an earlier attempt was cut off, or no answer came."""
        self._taken: dict[int, datetime] = {}
        self._route = RouteState.CLOSED
        self._next = self._named = 0
        self._noted_at = float("-inf")
        self._under_way: list[int] = sorted(self._unsure)

    def __enter__(self) -> _Noted:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._taken or self._under_way != sorted(self._unsure):
            self._note([])

    def leaves(self, number: int) -> None:
        """The image of this number is next: its name is durable, and that it is under way."""
        self._next = number
        if number >= self._named or time.monotonic() - self._noted_at >= NOTED_WITHIN_S:
            self._note(self._proof.images[number : number + AT_ONCE])

    def begun(self, item: int) -> None:
        self._unsure.add(item)

    def known(self, item: int) -> None:
        """The tool has answered, whatever it said."""
        self._unsure.discard(item)

    def taken(self, item: int, route: RouteState) -> None:
        """The tool has acknowledged this image; the first of a study is noted at once, since a result is owed now."""
        self.known(item)
        self._taken[item], self._route = clock.now(), route
        if self._dispatch.sent_at is None:
            self._note(self._proof.images[self._next + 1 : self._named])

    def _note(self, ahead: Sequence[Proven]) -> None:
        self._under_way = sorted(self._unsure | {one.item for one in ahead})
        unnamed = self._proof.images[self._named : self._next + len(ahead)] if ahead else []
        with transaction.atomic():
            if unnamed:
                dispatches.crosswalk(self._step, self._dispatch, _names(unnamed), **self._proof.noted_names)
            dispatches.progress(
                self._step, self._dispatch, self._taken, route=self._route, under_way=self._under_way
            )
        self._named += len(unnamed)
        self._taken.clear()
        self._noted_at = time.monotonic()
