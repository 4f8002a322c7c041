"""What does a C-FIND, C-MOVE or C-GET request ask for, and by whom? Its identifier as a query, or why it is none."""

from __future__ import annotations

from typing import Any

from django.db import close_old_connections
from pydicom.dataset import Dataset
from pynetdicom.association import Association
from pynetdicom.sop_class import (  # type: ignore[attr-defined]
    PatientRootQueryRetrieveInformationModelFind,
    PatientRootQueryRetrieveInformationModelGet,
    PatientRootQueryRetrieveInformationModelMove,
    StudyRootQueryRetrieveInformationModelFind,
    StudyRootQueryRetrieveInformationModelGet,
    StudyRootQueryRetrieveInformationModelMove,
)

from alarp.gateway.pulling.matching import LEVELS, STUDY, UNIQUE, Query, query
from alarp.gateway.pulling.seeing import View, view_of
from alarp.kernel import BadInput
from alarp.records.ledger.models import Peer

FIND = (StudyRootQueryRetrieveInformationModelFind, PatientRootQueryRetrieveInformationModelFind)
MOVE = (StudyRootQueryRetrieveInformationModelMove, PatientRootQueryRetrieveInformationModelMove)
GET = (StudyRootQueryRetrieveInformationModelGet, PatientRootQueryRetrieveInformationModelGet)
_PATIENT_ROOT = frozenset(model[1] for model in (FIND, MOVE, GET))

# PS3.7 C.4, C.5 and PS3.4 tables C.4-1 to C.4-3.
SUCCESS, PENDING, CANCELLED = 0x0000, 0xFF00, 0xFE00
NOT_AUTHORISED, OUT_OF_RESOURCES, CANNOT_CALCULATE, CANNOT_PERFORM = 0x0124, 0xA700, 0xA701, 0xA702
DESTINATION_UNKNOWN, DOES_NOT_FIT, SOME_FAILED, CANNOT_UNDERSTAND = 0xA801, 0xA900, 0xB000, 0xC000


def view_for(link: Association) -> View | None:
    """What does the caller of this association see now? None: it may not pull (any more)."""
    close_old_connections()
    caller = str(link.requestor.ae_title).strip()
    related = ("site", "deployment__site", "deployment__version__product")
    peer = Peer.objects.select_related(*related).filter(aet=caller, enabled=True).first()
    return view_of(peer) if peer is not None else None


def asked(identifier: Dataset, model: str, *, retrieving: bool) -> Query:
    """The query of this identifier. Raises BadInput where the hierarchy of the model is not kept (PS3.4 C.4.1.2.2).

    Every level above must be named by one unique key; a retrieval names its own level as well, so that nothing is
    ever fetched by a guess.
    """
    level = str(identifier.get("QueryRetrieveLevel", "") or "").strip()
    root = 0 if model in _PATIENT_ROOT else LEVELS.index(STUDY)
    found = query(level, _pairs(identifier))
    own = LEVELS.index(level)
    if own < root:
        raise BadInput(f"The query level {level} is not one of the Study Root model.")
    for above in LEVELS[root:own]:
        if not found.one(UNIQUE[above]) or _wild(found.one(UNIQUE[above])):
            raise BadInput(f"A query at the level {level} names one {UNIQUE[above]}; this one does not.")
    named = found.keys.get(UNIQUE[level], ())
    if retrieving and (not named or any(_wild(one) for one in named)):
        raise BadInput(f"A retrieval at the level {level} names the {UNIQUE[level]}; this one does not.")
    return found


def _wild(text: str) -> bool:
    return "*" in text or "?" in text


def _pairs(identifier: Dataset) -> list[tuple[str, Any]]:
    """Keywords and values; what is a sequence or cannot be read is asked for by nobody here."""
    found: list[tuple[str, Any]] = []
    for element in identifier:
        if element.keyword and element.VR != "SQ":
            found.append((element.keyword, element.value))
    return found
