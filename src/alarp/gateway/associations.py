"""How do objects leave? The C-STORE, C-FIND and C-ECHO user: one association, every failure with its phase."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from pydicom.dataset import Dataset
from pynetdicom import AE, _config, evt
from pynetdicom.association import Association
from pynetdicom.dsutils import split_dataset
from pynetdicom.presentation import PresentationContext, build_context
from pynetdicom.sop_class import (  # type: ignore[attr-defined]
    StudyRootQueryRetrieveInformationModelFind,
    Verification,
)

from alarp.gateway import securing, sockets
from alarp.gateway.handing_over import OutgoingLane
from alarp.identity.explicit import NotPlain
from alarp.identity.file_meta import read_names
from alarp.identity.objects import IMPLEMENTATION_CLASS_UID, IMPLEMENTATION_VERSION_NAME
from alarp.kernel import AlarpError, BadInput, Phase, Unavailable
from alarp.records import egress
from alarp.records.configuration import configuration
from alarp.records.ledger.models import Peer

_config.STORE_SEND_CHUNKED_DATASET = (
    True  # what still goes by the library goes from the file, as the bytes are
)
_META_BYTES = 2048  # the library reads a longer one
MOST_CONTEXTS = 128  # PS3.8 7.1.1.13: odd identifiers 1 to 255
SUCCESS, WARNINGS, PENDING = 0x0000, (0xB000, 0xB006, 0xB007), (0xFF00, 0xFF01)


class Rejected(AlarpError):
    """The other side understood and will not have this content (PS3.4 B.2.3): trying again will not help."""


@dataclass(frozen=True, slots=True)
class Outgoing:
    """One Part 10 file and the names by which a presentation context is chosen.

    `scanned_sha256`: the digest without which it does not leave for an AI tool, where it was scanned before.
    """

    file: Path
    sop_class: str
    sop_uid: str
    transfer_syntax: str
    scanned_sha256: str = ""

    @classmethod
    def of(cls, file: Path, *, scanned_sha256: str = "") -> Outgoing:
        with file.open("rb", buffering=0) as opened:
            head = opened.read(_META_BYTES)
        try:
            names = read_names(head)
        except NotPlain:
            meta, _ = split_dataset(file)
            uids = (meta.MediaStorageSOPClassUID, meta.MediaStorageSOPInstanceUID, meta.TransferSyntaxUID)
            names = (str(uids[0]), str(uids[1]), str(uids[2]))
        return cls(file, *names, scanned_sha256)

    def leaves_for(self, peer: Peer) -> None:
        """Call before the first byte: what goes to an AI tool is written down, and refused if it is not what was scanned."""
        if peer.kind != Peer.TOOL:
            return
        egress.leaving(
            self.file,
            peer=peer.aet,
            deployment=peer.deployment.slug if peer.deployment else "",
            sop_uid=self.sop_uid,
            scanned_sha256=self.scanned_sha256,
        )


def _entity(wait_s: float | None = None) -> AE:
    settings = configuration()
    wait_s = min(wait_s or settings.peer_timeout_s, settings.peer_timeout_s)
    entity = AE(ae_title=settings.gateway_aet)
    entity.implementation_class_uid = IMPLEMENTATION_CLASS_UID
    entity.implementation_version_name = IMPLEMENTATION_VERSION_NAME
    entity.connection_timeout = wait_s
    entity.acse_timeout = wait_s
    entity.dimse_timeout = wait_s
    entity.network_timeout = wait_s
    return entity


@contextmanager
def association(
    peer: Peer, contexts: list[PresentationContext], *, wait_s: float | None = None
) -> Iterator[Association]:
    """An association with this peer. Raises Unavailable (phase connect) when there is none to be had.

    `wait_s` waits less long than the settings allow, for a question that can be asked again.
    """
    if not peer.enabled:
        raise Unavailable(f"{peer.aet} is switched off in the list of peers.", phase=Phase.CONNECT)
    if not peer.host or not peer.port:
        raise Unavailable(f"{peer.aet} has no address; enter host and port.", phase=Phase.CONNECT)
    seen: list[securing.Certificate | None] = []

    def connected(event: evt.Event) -> None:
        sockets.no_delay(event)
        seen.append(securing.shown(event.assoc.dul.socket.socket))

    found = _entity(wait_s).associate(
        peer.host,
        peer.port,
        contexts=contexts,
        ae_title=peer.aet,
        max_pdu=0,
        evt_handlers=[(evt.EVT_CONN_OPEN, connected)],
        tls_args=_tls(peer),
    )
    if not found.is_established:
        refused = "refuses the association" if found.is_rejected else "does not answer"
        raise Unavailable(f"{peer.aet} {refused}; tried again later.", phase=Phase.CONNECT)
    try:
        if peer.secured:
            securing.check_peer(seen[0] if seen else None, peer)
        yield found
    finally:
        if found.is_established:
            found.release()


def _tls(peer: Peer) -> tuple[ssl.SSLContext, str] | None:
    """How this peer is spoken to; our own files at fault hold what is to be sent, they do not fail it."""
    if not peer.secured:
        return None
    try:
        return securing.user_context(peer), peer.host
    except BadInput as error:
        raise Unavailable(str(error), phase=Phase.CONNECT) from None


def contexts_for(outgoing: list[Outgoing]) -> list[PresentationContext]:
    """One context for each pair of SOP class and transfer syntax: what leaves is never transcoded on the way."""
    pairs = dict.fromkeys((item.sop_class, item.transfer_syntax) for item in outgoing)
    return [build_context(sop_class, syntax) for sop_class, syntax in pairs][:MOST_CONTEXTS]


def store(link: Association, peer: Peer, item: Outgoing, number: int) -> None:
    """Hand over one object. Returns when the peer has taken it; otherwise Rejected or Unavailable."""
    wanted = (item.sop_class, item.transfer_syntax)
    taken = {(cx.abstract_syntax, cx.transfer_syntax[0]): cx.context_id for cx in link.accepted_contexts}
    if wanted not in taken:
        raise Rejected(f"{peer.aet} does not take objects of this class in this transfer syntax.")
    if not link.is_established:
        raise Unavailable(f"The association with {peer.aet} broke.", phase=Phase.SEND)
    item.leaves_for(peer)
    code = _lane(link).store(
        item.file,
        taken[wanted],
        sop_class=item.sop_class,
        sop_uid=item.sop_uid,
        message_id=number % 65535 + 1,
    )
    if code == SUCCESS or code in WARNINGS:
        return
    if code is None:
        raise Unavailable(f"{peer.aet} gave no answer; it may or may not have the object.", phase=Phase.SEND)
    if code == 0x0122 or 0xA900 <= code < 0xAA00 or 0xC000 <= code < 0xD000:
        raise Rejected(f"{peer.aet} rejects the content (status {code:04X}).")
    raise Unavailable(f"{peer.aet} cannot take it now (status {code:04X}).", phase=Phase.SEND)


def _lane(link: Association) -> OutgoingLane:
    """The lane of this association, opened with its first object."""
    lane = getattr(link, "alarp_lane", None)
    if lane is None:
        lane = OutgoingLane(link, wait_s=float(link.dimse_timeout or configuration().peer_timeout_s))
        link.alarp_lane = lane  # type: ignore[attr-defined]
    return lane


def has(peer: Peer, *, study_uid: str, series_uid: str, sop_uid: str) -> bool | None:
    """Does this peer hold the object already? Asked by C-FIND at the image level; None: it cannot be asked."""
    query = Dataset()
    query.QueryRetrieveLevel = "IMAGE"
    query.StudyInstanceUID, query.SeriesInstanceUID, query.SOPInstanceUID = study_uid, series_uid, sop_uid
    found = _find(peer, query)
    return None if found is None else any(answer.get("SOPInstanceUID") == sop_uid for answer in found)


def how_many(peer: Peer, study_uid: str, *, wait_s: float) -> int | None:
    """How many objects does this peer say that the study has (0020,1208)? None: it cannot be asked, or does not say."""
    query = Dataset()
    query.QueryRetrieveLevel = "STUDY"
    query.StudyInstanceUID = study_uid
    query.NumberOfStudyRelatedInstances = None
    found = _find(peer, query, wait_s=wait_s)
    said = [answer.get("NumberOfStudyRelatedInstances") for answer in found or ()]
    return max((int(number) for number in said if number is not None), default=None)


def _find(peer: Peer, query: Dataset, *, wait_s: float | None = None) -> list[Dataset] | None:
    """What a peer answers to a C-FIND of the study root (PS3.4 C.4.1); None: it takes no such question."""
    contexts = [build_context(StudyRootQueryRetrieveInformationModelFind), build_context(Verification)]
    with association(peer, contexts, wait_s=wait_s) as link:
        if not any(
            c.abstract_syntax == StudyRootQueryRetrieveInformationModelFind for c in link.accepted_contexts
        ):
            return None
        found: list[Dataset] = []
        code = None
        for status, answer in link.send_c_find(query, StudyRootQueryRetrieveInformationModelFind):
            code = status.Status if "Status" in status else None
            if code in PENDING and answer is not None:
                found.append(answer)
        if code is None:
            raise Unavailable(f"{peer.aet} gave no answer to a query.", phase=Phase.FILE)
        return found if code == SUCCESS else None


def echo(peer: Peer) -> None:
    """Does this peer answer at all? Raises Unavailable when it does not."""
    with association(peer, [build_context(Verification)]) as link:
        status = link.send_c_echo()
        if "Status" not in status or status.Status != SUCCESS:
            raise Unavailable(f"{peer.aet} did not answer C-ECHO.", phase=Phase.CONNECT)
