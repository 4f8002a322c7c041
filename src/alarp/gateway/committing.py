"""Does the PACS answer for what was filed? Storage commitment, push model (PS3.4 Annex J): asked for, and heard.

C-STORE's Success says that the PACS has the object; commitment says that it will keep it. A PACS answers minutes
later on an association of its own; one that knows nothing of commitment is asked by C-FIND whether it has the object.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db import close_old_connections
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence as Items
from pydicom.uid import UID, generate_uid
from pynetdicom import evt
from pynetdicom.presentation import build_context
from pynetdicom.sop_class import StorageCommitmentPushModel, Verification  # type: ignore[attr-defined]

from alarp.gateway import associations
from alarp.kernel import Phase, Unavailable
from alarp.records.ledger import commitments, results
from alarp.records.ledger.models import Peer

SOP_CLASSES: tuple[str, ...] = (str(StorageCommitmentPushModel),)
_INSTANCE = UID("1.2.840.10008.1.20.1.1")  # the well-known instance that is asked (PS3.4 J.3.5)
_REQUEST, SUCCESS, NOT_AUTHORISED, NO_SUCH_EVENT = 1, 0x0000, 0x0124, 0x0113
_EVERYTHING, _NOT_EVERYTHING = 1, 2  # PS3.4 table J.3-2


def ask(pacs: Peer, objects: Sequence[tuple[str, str]], *, transaction: str = "") -> bool:
    """Ask this PACS to answer for these objects (SOP class and instance); its answer comes later.

    `transaction` is the UID under which the answer is looked for; without one it is anybody's. False: it offers no
    commitment. Raises Unavailable when it cannot be asked now.
    """
    # With C-ECHO beside it: where nothing at all is accepted there is no association, and no telling why.
    contexts = [build_context(StorageCommitmentPushModel), build_context(Verification)]
    with associations.association(pacs, contexts) as link:
        if not any(cx.abstract_syntax == StorageCommitmentPushModel for cx in link.accepted_contexts):
            return False
        asked = Dataset()
        asked.TransactionUID = transaction or generate_uid(prefix=None)
        asked.ReferencedSOPSequence = Items([_reference(*one) for one in objects])
        status, _ = link.send_n_action(asked, _REQUEST, StorageCommitmentPushModel, _INSTANCE)
        code = status.Status if "Status" in status else None
        if code != SUCCESS:
            said = "gave no answer" if code is None else f"refuses (status {code:04X})"
            raise Unavailable(f"{pacs.aet} {said} when asked to answer for what it has.", phase=Phase.FILE)
        return True


def _reference(sop_class: str, sop_uid: str) -> Dataset:
    one = Dataset()
    one.ReferencedSOPClassUID, one.ReferencedSOPInstanceUID = sop_class, sop_uid
    return one


def heard(event: evt.Event) -> tuple[int, Dataset | None]:
    """A PACS says what it answers for and what it does not. Anybody else has nothing to say of that."""
    close_old_connections()
    caller = str(event.assoc.requestor.ae_title).strip()
    pacs = Peer.objects.filter(aet=caller, kind=Peer.PACS, enabled=True).first()
    if pacs is None:
        return NOT_AUTHORISED, None
    if event.event_type not in (_EVERYTHING, _NOT_EVERYTHING):
        return NO_SUCH_EVENT, None
    said = event.event_information
    kept, missing = _uids(said.get("ReferencedSOPSequence")), _uids(said.get("FailedSOPSequence"))
    if commitments.answered(pacs, str(said.get("TransactionUID", "")), kept=kept, missing=missing):
        return SUCCESS, None
    results.committed(kept, pacs=pacs.aet)
    results.not_committed(missing, pacs=pacs.aet)
    return SUCCESS, None


def _uids(items: Sequence[Any] | None) -> list[str]:
    return [str(item.get("ReferencedSOPInstanceUID", "")) for item in items or ()]


HANDLERS = ((evt.EVT_N_EVENT_REPORT, heard),)
