"""C-FIND: what matches, answered one by one, never more than the settings allow (PS3.4 C.4.1)."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from itertools import islice
from typing import Any

from django.db import DatabaseError
from pydicom.datadict import dictionary_VR
from pydicom.dataset import Dataset
from pynetdicom import evt

from alarp.gateway.pulling import asking, handing, throttle
from alarp.gateway.pulling.matching import PATIENT, UNIQUE, Query, texts
from alarp.gateway.pulling.seeing import Seen, View
from alarp.kernel import BadInput, Unavailable
from alarp.records.configuration import configuration

LOG = logging.getLogger("alarp.gateway.pulling")
Answer = tuple[int, Dataset | None]


def find(event: evt.Event) -> Iterator[Answer]:
    """The handler of C-FIND. A query with more answers than allowed ends with 'out of resources', never silently."""
    try:
        view = asking.view_for(event.assoc)
        if view is None:
            yield asking.NOT_AUTHORISED, None
            return
        asked = asking.asked(event.identifier, str(event.request.AffectedSOPClassUID), retrieving=False)
        with throttle.turn(view.peer.aet):
            yield from _answers(event, view, asked)
    except BadInput as error:
        LOG.warning("a C-FIND was refused: %s", error)
        yield asking.DOES_NOT_FIT, None
    except Unavailable as error:
        LOG.error("a C-FIND was not answered: %s", error)
        yield asking.OUT_OF_RESOURCES, None
    except DatabaseError as error:
        LOG.error("a C-FIND was not answered (%s)", type(error).__name__)
        yield asking.OUT_OF_RESOURCES, None


def _answers(event: evt.Event, view: View, asked: Query) -> Iterator[Answer]:
    most = configuration().pull_most_answers
    seen: list[Seen] = []
    for number, found in enumerate(islice(view.search(asked), most + 1)):
        if event.is_cancelled:
            yield asking.CANCELLED, None
            return
        if number == most:
            LOG.warning("%s asked for more than %d answers", view.peer.aet, most)
            yield asking.OUT_OF_RESOURCES, None
            return
        seen.append(found)
        yield asking.PENDING, answer(asked, found)
    handing.refuse_unseen(view, asked, seen, service="C-FIND")


def answer(asked: Query, found: Seen) -> Dataset:
    """One answer: what was asked for and has a value, under the character set in which it is written."""
    made = Dataset()
    made.QueryRetrieveLevel = asked.level
    keywords = dict.fromkeys((*asked.wanted, *_unique(asked.level)))
    values = {keyword: found.value(keyword) for keyword in keywords}
    fill(made, values)
    return made


def fill(made: Dataset, values: dict[str, Any]) -> None:
    """Put these values into a data set; text beyond ASCII goes out as UTF-8 (PS3.3 C.12.1.1.2)."""
    plain = True
    for keyword, value in values.items():
        parts = list(texts(value))
        plain = plain and all(part.isascii() for part in parts)
        if dictionary_VR(keyword) in ("US", "UL", "IS") and parts:
            made.__setattr__(keyword, int(float(parts[0])))
        else:
            made.__setattr__(keyword, parts[0] if len(parts) == 1 else parts or "")
    if not plain:
        made.SpecificCharacterSet = "ISO_IR 192"


def _unique(level: str) -> tuple[str, ...]:
    """A query at any level below the patient is answered with its own unique key, asked for or not."""
    return () if level == PATIENT else (UNIQUE[level],)
