"""What do those hold whom objects came from and went to? The sender, the PACS and the tool, asked study by study.

The PACS is also asked to answer for what was filed, where it offers storage commitment (PS3.4 annex J); its answer
comes later, on an association of its own, and is waited for by the step (`steps.recounting`).

By C-FIND (Number of Study Related Instances, 0020,1208, at the study level; one result by its UID at the image level;
PS3.4 annex C) or by QIDO-RS (PS3.18 10.6). Each is asked with the names it was given: a tool by pseudonyms.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from functools import partial
from typing import Any

import httpx

from alarp.gateway import associations, committing, ways
from alarp.gateway.dicomweb import sending as by_web
from alarp.gateway.steps.filing import pacs_of
from alarp.identity import Header, read_header
from alarp.kernel import Phase, Unavailable
from alarp.records import objects
from alarp.records.configuration import configuration
from alarp.records.ledger import commitments
from alarp.records.ledger.models import Commitment, Dispatch, Instance, Peer, Result, Study
from alarp.records.ledger.reconciliation import bounds
from alarp.records.ledger.recounting import Witness, differing

StillHere = Callable[[], None]
COUNT = "00201208"
ASKED_AT_ONCE = 500
_PACS_OF = ("dispatch__study__peer__site", "dispatch__deployment__site")


def how_many(peer: Peer, study_uid: str) -> int | None:
    """How many objects of this study does the peer say that it holds? None: it does not say, or has none.

    Raises Unavailable when it gives no answer.
    """
    if peer.way == Peer.DIMSE:
        return associations.how_many(peer, study_uid, wait_s=configuration().peer_timeout_s)
    if peer.way != Peer.DICOMWEB:
        return None
    with by_web.connection(peer) as client:
        try:
            asked = {"StudyInstanceUID": study_uid, "includefield": COUNT}
            answer = client.get("/studies", params=asked, headers={"Accept": by_web.JSON})
            found = answer.json() if answer.status_code == 200 else []
        except (httpx.HTTPError, ValueError) as error:
            raise Unavailable(
                f"{peer.aet} gave no answer ({type(error).__name__}).", phase=Phase.CONNECT
            ) from None
    said = [one.get(COUNT, {}).get("Value") for one in found if isinstance(one, dict)]
    return max((int(value[0]) for value in said if value), default=None)


def ask_for_commitment(day: date, still_here: StillHere) -> tuple[list[int], dict[str, str]]:
    """Ask each PACS that offers it to answer for the results filed that day.

    Answers the numbers of what was asked for, and the PACS that could not be asked, each with the reason.
    """
    by_pacs: dict[int, tuple[Peer, list[Result]]] = {}
    for result in _filed_on(day).select_related(*_PACS_OF, "instance").order_by("pk"):
        pacs = pacs_of(result)
        if pacs.way == Peer.DIMSE:
            by_pacs.setdefault(pacs.pk, (pacs, []))[1].append(result)
    asked: list[int] = []
    troubles: dict[str, str] = {}
    for pacs, filed in by_pacs.values():
        for start in range(0, len(filed), ASKED_AT_ONCE):
            still_here()
            some = filed[start : start + ASKED_AT_ONCE]
            row = commitments.ask(
                pacs, some
            )  # written first: the answer may come before the question has returned
            objects_of = [(_header(one).sop_class_uid, one.instance.sop_uid) for one in some]
            try:
                if not committing.ask(pacs, objects_of, transaction=row.transaction_uid):
                    row.delete()
                    break
            except Unavailable as error:
                troubles[pacs.aet] = str(error)
                break
            asked.append(row.pk)
    return asked, troubles


def _filed_on(day: date) -> Any:
    begin, end = bounds(day)
    return Result.objects.filter(filed_at__gte=begin, filed_at__lt=end, dispatch__study__synthetic=False)


def committed(asked: Iterable[int], troubles: Mapping[str, str]) -> tuple[Witness, ...]:
    """For which filed results does each PACS answer? One that has not said anything yet does not say."""
    found: dict[str, _Asked] = {
        aet: _Asked(Counter(), Counter(), trouble=why) for aet, why in troubles.items()
    }
    for row in Commitment.objects.filter(pk__in=list(asked)).select_related("peer").order_by("pk"):
        one = found.setdefault(row.peer.aet, _Asked.nothing())
        studies = dict(Result.objects.filter(pk__in=row.asked).values_list("pk", "dispatch__study"))
        said = {*row.kept, *row.missing}
        for result, study in studies.items():
            if result in said:
                one.ledger[study] += 1
                one.found[study] += result in row.kept
        one.silent += len({study for result, study in studies.items() if result not in said})
    return tuple(
        one.witness(f"{aet} by storage commitment", "results filed", more_is_wrong=False)
        for aet, one in sorted(found.items())
    )


def peers_of(day: date, still_here: StillHere) -> tuple[Witness, ...]:
    """Every peer that has to do with this day, and whether it holds what the ledger says."""
    begin, end = bounds(day)
    filed = _filed_on(day)
    sent = Dispatch.objects.filter(sent_at__gte=begin, sent_at__lt=end).exclude(study_uid_sent="")
    came = Study.objects.filter(
        instances__received_at__gte=begin, instances__received_at__lt=end, synthetic=False
    )
    return (
        *_archives(filed, still_here),
        *_tools(sent, still_here),
        *_senders(came.distinct(), still_here),
    )


@dataclass
class _Asked:
    """What one peer was asked and said: by study, what the ledger says, and what the peer does."""

    ledger: Counter[int]
    found: Counter[int]
    silent: int = 0
    trouble: str = ""

    @classmethod
    def nothing(cls) -> _Asked:
        return cls(Counter(), Counter())

    def ask(self, study: int, ledger: int, question: Callable[[], int | None]) -> None:
        """Hear one answer; a peer that cannot be reached is not asked for each study anew."""
        if self.trouble:
            return
        try:
            said = question()
        except Unavailable as error:
            self.trouble = str(error)
            return
        if said is None:
            self.silent += 1
            return
        self.ledger[study] += ledger
        self.found[study] += said

    def witness(self, name: str, what: str, *, more_is_wrong: bool) -> Witness:
        differences = differing(name, what, self.ledger, self.found, more_is_wrong=more_is_wrong)
        return Witness(name, len(self.ledger), differences, self.silent, self.trouble)


def _archives(filed: Any, still_here: StillHere) -> Iterable[Witness]:
    """Is each result that was filed that day in the PACS? Asked for each by its name."""
    asked: dict[str, _Asked] = {}
    for result in filed.select_related(*_PACS_OF).order_by("pk"):
        still_here()
        pacs = pacs_of(result)
        one = asked.setdefault(pacs.aet, _Asked.nothing())
        one.ask(result.dispatch.study_id, 1, partial(_holds, pacs, result))
    return [one.witness(aet, "results filed", more_is_wrong=False) for aet, one in sorted(asked.items())]


def _holds(pacs: Peer, result: Result) -> int | None:
    header = _header(result)
    names = {"study_uid": header.study_uid, "series_uid": header.series_uid}
    found = ways.has(pacs, **names, sop_uid=header.sop_instance_uid)
    return None if found is None else int(found)


def _header(result: Result) -> Header:
    """What the object says that the PACS was given."""
    return read_header(objects.get(result.restored_sha256))


def _tools(sent: Any, still_here: StillHere) -> Iterable[Witness]:
    """Has each tool what it acknowledged that day? Its own results may lie beside it: more is no fault."""
    asked: dict[str, _Asked] = {}
    for dispatch in sent.select_related("deployment").order_by("pk"):
        still_here()
        tool = Peer.objects.filter(kind=Peer.TOOL, deployment=dispatch.deployment_id, enabled=True).first()
        if tool is None or not (tool.url or (tool.host and tool.port)):
            continue
        of_study = Dispatch.objects.filter(study=dispatch.study_id, deployment=dispatch.deployment_id)
        if of_study.filter(pk__lt=dispatch.pk, pk__in=sent).exists():
            continue  # its rounds are one study at the tool
        images = (
            of_study.filter(items__sent_at__isnull=False).values("items__sop_uid_sent").distinct().count()
        )
        one = asked.setdefault(tool.aet, _Asked.nothing())
        uid = dispatch.study_uid_sent
        one.ask(dispatch.study_id, images, partial(how_many, tool, uid))
    return [one.witness(aet, "images sent", more_is_wrong=False) for aet, one in sorted(asked.items())]


def _senders(came: Any, still_here: StillHere) -> Iterable[Witness]:
    """Has a sender more of a study than came here? A scanner may have cleared its own disk: less is no fault."""
    asked: dict[str, _Asked] = {}
    for study in came.select_related("peer").order_by("pk"):
        peer = study.peer
        if not configuration().ask_source or not peer.enabled or not (peer.url or (peer.host and peer.port)):
            continue
        still_here()
        here = study.instances.filter(direction=Instance.SOURCE).values("sop_uid").distinct().count()
        one = asked.setdefault(peer.aet, _Asked.nothing())
        one.ask(study.pk, here, partial(_more, study, here))
    return [
        one.witness(f"{aet} as the sender", "images received", more_is_wrong=True)
        for aet, one in sorted(asked.items())
    ]


def _more(study: Study, here: int) -> int | None:
    """What the sender holds of it beyond our own results, where it took these; never less than came here."""
    said = how_many(study.peer, study.study_uid)
    if said is None:
        return None
    filed = Result.objects.filter(dispatch__study=study, state=Result.FILED)
    takes_results = study.peer.kind == Peer.PACS
    ours = sum(_holds(study.peer, result) or 0 for result in filed) if takes_results else 0
    return max(said - ours, here)
