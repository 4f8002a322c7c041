"""C-MOVE and C-GET: every image as stored bytes in a C-STORE sub-operation, counted as the standard says.

pynetdicom negotiates, reads the request and knows of a C-CANCEL; the sub-operations are ours, since the library's
provider decodes every object and encodes it anew, and takes the count of what was refused in the middle for what
failed (PS3.4 C.4.2, C.4.3; PS3.7 9.1.3, 9.1.4).
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from io import BytesIO
from itertools import islice
from typing import Any

from django.db import DatabaseError
from pydicom.dataset import Dataset
from pynetdicom.association import Association
from pynetdicom.dimse_primitives import C_GET, C_MOVE
from pynetdicom.dsutils import decode, encode
from pynetdicom.presentation import PresentationContext, build_context
from pynetdicom.service_class import QueryRetrieveServiceClass

from alarp.gateway import associations
from alarp.gateway.associations import Outgoing
from alarp.gateway.pulling import asking, handing, throttle
from alarp.gateway.pulling.handing import Hands, Withheld
from alarp.gateway.pulling.seeing import SeenImage, ToolView, View
from alarp.kernel import AlarpError, BadInput, Unavailable
from alarp.records.ledger.models import Peer

LOG = logging.getLogger("alarp.gateway.pulling")
MOST_IMAGES = 65535  # the counts of sub-operations are of VR US
Store = Callable[[Outgoing, int], int | None]


@dataclass
class Counts:
    """The sub-operations of one retrieval."""

    remaining: int
    completed: int = 0
    warning: int = 0
    failed: int = 0
    failed_uids: list[str] = field(default_factory=list)

    def fail(self, image: SeenImage) -> None:
        self.failed += 1
        self.failed_uids.append(image.sop_uid)

    @property
    def status(self) -> int:
        """The final status when all was tried (PS3.4 tables C.4-2 and C.4-3)."""
        if not self.failed and not self.warning:
            return asking.SUCCESS
        return asking.SOME_FAILED if self.completed or self.warning else asking.CANNOT_PERFORM


class Retrieval:
    """One C-MOVE or C-GET request and the conversation about it."""

    def __init__(
        self, service: QueryRetrieveServiceClass, request: Any, context: PresentationContext
    ) -> None:
        self.service, self.request, self.context = service, request, context
        self.link: Association = service.assoc
        self.name = "C-MOVE" if isinstance(request, C_MOVE) else "C-GET"

    def serve(self) -> None:
        """Answer the request, whatever becomes of it."""
        counts = Counts(0)
        try:
            status = self._serve(counts)
        except BadInput as error:
            LOG.warning("a %s was refused: %s", self.name, error)
            status = asking.DOES_NOT_FIT
        except AlarpError as error:
            LOG.error("a %s was not answered: %s", self.name, error)
            status = asking.CANNOT_CALCULATE
        except DatabaseError as error:
            LOG.error("a %s was not answered (%s)", self.name, type(error).__name__)
            status = asking.CANNOT_CALCULATE
        self._say(status, counts)

    def _serve(self, counts: Counts) -> int:
        view = asking.view_for(self.link)
        if view is None:
            return asking.NOT_AUTHORISED
        asked = asking.asked(self._identifier(), str(self.request.AffectedSOPClassUID), retrieving=True)
        with throttle.turn(view.peer.aet):
            found = list(view.search(asked))
            handing.refuse_unseen(view, asked, found, service=self.name)
            images = list(islice((image for one in found for image in one.images), MOST_IMAGES + 1))
            if len(images) > MOST_IMAGES:
                return asking.CANNOT_CALCULATE
            if not images:
                # A tool hears the same of a study that never was and of one it must not have.
                return asking.NOT_AUTHORISED if isinstance(view, ToolView) else asking.SUCCESS
            if isinstance(self.request, C_GET):
                return self._hand_over(view, images, counts, self._store_here, to=view.peer.aet)
            return self._move(view, images, counts)

    def _move(self, view: View, images: list[SeenImage], counts: Counts) -> int:
        title = str(self.request.MoveDestination or "").strip()
        destination = destination_of(view, title)
        if destination is None:
            LOG.warning("%s asked to move to %r, which it may not", view.peer.aet, title)
            return asking.DESTINATION_UNKNOWN
        pairs = dict.fromkeys((one.instance.sop_class, one.instance.transfer_syntax) for one in images)
        contexts = [build_context(*pair) for pair in pairs][: associations.MOST_CONTEXTS]
        try:
            with associations.association(destination, contexts) as link:
                return self._hand_over(view, images, counts, self._store_there(link), to=destination.aet)
        except Unavailable as error:
            LOG.error("a C-MOVE did not reach its destination: %s", error)
            counts.failed += counts.remaining or len(images)
            counts.remaining = 0
            return asking.CANNOT_PERFORM

    def _hand_over(
        self, view: View, images: list[SeenImage], counts: Counts, store: Store, *, to: str
    ) -> int:
        counts.remaining = len(images)
        with _hands(view, self.name, to) as hands:
            for number, image in enumerate(images):
                if self.service.is_cancelled(self.request.MessageID):
                    return asking.CANCELLED
                try:
                    with hands.offer(image) as outgoing:
                        self._count(store(outgoing, number), image, counts, hands)
                except Withheld as refusal:
                    hands.withheld(image, str(refusal))
                    return self._stop(images[number:], counts)
                if not self.link.is_established:
                    return asking.CANNOT_PERFORM
                self._say(asking.PENDING, counts)
        return counts.status

    @staticmethod
    def _count(code: int | None, image: SeenImage, counts: Counts, hands: Hands) -> None:
        counts.remaining -= 1
        if code == associations.SUCCESS or code in associations.WARNINGS:
            hands.taken(image)
            counts.warning += code != associations.SUCCESS
            counts.completed += code == associations.SUCCESS
        else:
            counts.fail(image)

    @staticmethod
    def _stop(rest: list[SeenImage], counts: Counts) -> int:
        """Nothing more of this retrieval leaves: what remains has failed, and is named."""
        for image in rest:
            counts.fail(image)
        counts.remaining = 0
        return asking.SOME_FAILED if counts.completed or counts.warning else asking.NOT_AUTHORISED

    def _store_here(self, outgoing: Outgoing, number: int) -> int | None:
        return _stored(self.link, outgoing, number)

    def _store_there(self, link: Association) -> Store:
        originator = {
            "originator_aet": str(self.link.requestor.ae_title).strip(),
            "originator_id": int(self.request.MessageID),
        }
        return lambda outgoing, number: _stored(link, outgoing, number, **originator)

    def _identifier(self) -> Dataset:
        syntax = self.context.transfer_syntax[0]
        try:
            raw = self.request.Identifier
            return decode(raw, syntax.is_implicit_VR, syntax.is_little_endian, syntax.is_deflated)
        except Exception as error:  # whatever a parser makes of hostile bytes
            raise BadInput(
                f"The identifier of a {self.name} cannot be read ({type(error).__name__})."
            ) from None

    def _say(self, status: int, counts: Counts) -> None:
        if not self.link.is_established:
            return
        answer = C_MOVE() if self.name == "C-MOVE" else C_GET()
        answer.MessageIDBeingRespondedTo = self.request.MessageID
        answer.AffectedSOPClassUID = self.request.AffectedSOPClassUID
        answer.Status = status
        if status in (asking.PENDING, asking.CANCELLED):
            answer.NumberOfRemainingSuboperations = counts.remaining
        answer.NumberOfCompletedSuboperations = counts.completed
        answer.NumberOfWarningSuboperations = counts.warning
        answer.NumberOfFailedSuboperations = counts.failed
        if counts.failed_uids and status != asking.PENDING:
            answer.Identifier = self._failed(counts.failed_uids)
        self.link.dimse.send_msg(answer, self.context.context_id)

    def _failed(self, uids: list[str]) -> BytesIO:
        named = Dataset()
        named.FailedSOPInstanceUIDList = uids
        syntax = self.context.transfer_syntax[0]
        coded = encode(named, syntax.is_implicit_VR, syntax.is_little_endian, syntax.is_deflated)
        return BytesIO(coded or b"")


@contextmanager
def _hands(view: View, service: str, to: str) -> Iterator[Hands]:
    hands = Hands(view, service, to)
    try:
        yield hands
    finally:
        hands.close()


def _stored(link: Association, outgoing: Outgoing, number: int, **originator: Any) -> int | None:
    """The status of one sub-operation; None: no answer, or no presentation context for these bytes."""
    try:
        status = link.send_c_store(str(outgoing.file), msg_id=number % 65535 + 1, **originator)
    except (RuntimeError, ValueError):
        return None
    return int(status.Status) if "Status" in status else None


def destination_of(view: View, title: str) -> Peer | None:
    """The peer to which this caller may have images moved; None: nobody here, or not for it.

    A tool moves to its own deployment's entries only, so that nothing of one supplier reaches another or the PACS;
    a clinical system moves to clinical systems only, so that nothing with a name reaches a tool.
    """
    peer = Peer.objects.filter(aet=title, enabled=True, way=Peer.DIMSE).first()
    if peer is None or not peer.host or not peer.port:
        return None
    if isinstance(view, ToolView):
        return peer if peer.kind == Peer.TOOL and peer.deployment_id == view.deployment.pk else None
    return peer if peer.kind != Peer.TOOL else None


def install() -> None:
    """Let pynetdicom hand C-MOVE and C-GET requests to us."""

    def serve(self: QueryRetrieveServiceClass, request: Any, context: PresentationContext) -> None:
        Retrieval(self, request, context).serve()

    QueryRetrieveServiceClass._move_scp = serve  # type: ignore[method-assign]
    QueryRetrieveServiceClass._get_scp = serve  # type: ignore[method-assign]
