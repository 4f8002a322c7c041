"""What lies here, in the eyes of one peer? Two views of the same ledger, searched in the same way.

A clinical system sees its site's studies as they arrived. A tool sees the studies that were prepared for it, under
its pseudonyms, while its route is open and the patient has not said no; everything else is absent.
"""

from __future__ import annotations

import io
import warnings
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property, lru_cache, partial
from itertools import islice
from typing import Any, TypeVar

from django.db.models import Q
from pydicom import dcmread
from pydicom.dataset import Dataset

from alarp.gateway import keys, profiles
from alarp.gateway.pulling.matching import IMAGE, PATIENT, SERIES, STUDY, Query, matches
from alarp.identity import deidentify
from alarp.kernel import BadInput, BrokenEvidence, RouteState
from alarp.records import objects
from alarp.records.deployments import queries as deployments
from alarp.records.deployments.models import Deployment
from alarp.records.ledger import dispatches, pulls
from alarp.records.ledger.models import Dispatch, DispatchInstance, Instance, Peer, Study

_SAMPLES, AT_A_TIME = 512, 50
T = TypeVar("T")


@dataclass(frozen=True)
class Seen:
    """One patient, study, series or image in the eyes of a peer: what the ledger knows, the rest from a header.

    Its images are looked up when they are asked for: a list of studies has no need of them.
    """

    known: dict[str, Any]
    load: Callable[[], tuple[SeenImage, ...]]

    @cached_property
    def images(self) -> tuple[SeenImage, ...]:
        return self.load()

    def value(self, keyword: str) -> Any:
        """The value of this attribute as the peer may see it; None when there is none."""
        if keyword in self.known:
            return self.known[keyword]
        header = self.images[0].header() if self.images else Dataset()
        return header.get(keyword)

    def fits(self, keys: dict[str, tuple[str, ...]]) -> bool:
        """Do all of these keys match?"""
        return all(matches(keyword, wanted, self.value(keyword)) for keyword, wanted in keys.items())

    def series(self) -> Iterator[Seen]:
        """The series of this study, in the order in which they came."""
        groups: dict[str, list[SeenImage]] = {}
        for image in self.images:
            groups.setdefault(image.series_uid, []).append(image)
        for uid, images in groups.items():
            known = {
                "SeriesInstanceUID": uid,
                "Modality": images[0].instance.modality,
                "NumberOfSeriesRelatedInstances": len(images),
            }
            yield Seen({**self.known, **known}, partial(tuple, images))

    def each(self) -> Iterator[Seen]:
        """The images of this study or series."""
        for image in self.images:
            known = {
                "SeriesInstanceUID": image.series_uid,
                "Modality": image.instance.modality,
                "SOPInstanceUID": image.sop_uid,
                "SOPClassUID": image.instance.sop_class,
                "AvailableTransferSyntaxUID": image.instance.transfer_syntax,
            }
            yield Seen({**self.known, **known}, partial(tuple, [image]))


@dataclass(frozen=True)
class SeenImage:
    """One object under the names by which this peer knows it."""

    instance: Instance
    sop_uid: str
    series_uid: str
    item: DispatchInstance | None
    header: Callable[[], Dataset]


class View:
    """Everything one peer may find and fetch. Made anew for every request: what was true before may not be now."""

    def __init__(self, peer: Peer) -> None:
        self.peer = peer

    def studies(self, asked: Query) -> Iterator[Seen]:
        """The studies that might match, each as this peer sees it. Raises Unavailable when nobody can tell."""
        raise NotImplementedError

    def search(self, asked: Query) -> Iterator[Seen]:
        """Everything at the query's level that matches."""
        patients: set[tuple[str, str]] = set()
        above = asked.at(PATIENT) | asked.at(STUDY)
        for study in self.studies(asked):
            if not study.fits(above):
                continue
            if asked.level == PATIENT:
                who = (str(study.value("PatientID")), str(study.known.get("IssuerOfPatientID", "")))
                if who in patients:
                    continue
                patients.add(who)
            if asked.level in (PATIENT, STUDY):
                yield study
                continue
            yield from self._below(study, asked)

    @staticmethod
    def _below(study: Seen, asked: Query) -> Iterator[Seen]:
        for series in study.series():
            if not series.fits(asked.at(SERIES)):
                continue
            if asked.level == SERIES:
                yield series
                continue
            yield from (image for image in series.each() if image.fits(asked.at(IMAGE)))


class ClinicalView(View):
    """The department's own systems: original names."""

    def studies(self, asked: Query) -> Iterator[Seen]:
        columns = {"StudyInstanceUID": "study_uid", "PatientID": "patient_id", "AccessionNumber": "accession"}
        rows = pulls.seen_by(self.peer).filter(_narrowed(asked, columns), _dates(asked)).order_by("-pk")
        for some in batched(rows.iterator(chunk_size=AT_A_TIME)):
            held = pulls.contents(Instance.objects.filter(study__in=some), "study", "series_uid")
            for study in some:
                yield self._seen(study, held.get(study.pk, []))

    @staticmethod
    def _seen(study: Study, held: list[pulls.Content]) -> Seen:
        def images() -> tuple[SeenImage, ...]:
            return tuple(
                SeenImage(one, one.sop_uid, one.series_uid, None, _header_of(one.sha256))
                for one in pulls.objects_of(study)
            )

        known = {
            "StudyInstanceUID": study.study_uid,
            "PatientID": study.patient_id,
            "IssuerOfPatientID": study.issuer,
            "PatientName": study.patient_name,
            "PatientBirthDate": study.birth_date,
            "PatientSex": study.sex,
            "AccessionNumber": study.accession,
            "StudyDate": study.study_date,
            "StudyDescription": study.description,
        }
        return Seen(known | _counted(held), images)


class ToolView(View):
    """An AI tool: pseudonyms, prepared studies, an open route, and no patient who has said no."""

    def __init__(self, peer: Peer, deployment: Deployment) -> None:
        super().__init__(peer)
        self.deployment = deployment

    @cached_property
    def closed(self) -> str:
        """Why is the route of this tool closed? Empty: it is open."""
        route = deployments.route(self.deployment)
        return f"The route is closed: {route.reason}" if route.state == RouteState.CLOSED else ""

    def studies(self, asked: Query) -> Iterator[Seen]:
        if self.closed:
            return
        columns = {
            "StudyInstanceUID": "study_uid_sent",
            "PatientID": "patient_pseudonym",
            "PatientName": "patient_pseudonym",
            "AccessionNumber": "accession_pseudonym",
        }
        rounds: dict[str, list[Dispatch]] = {}
        found = (
            pulls.prepared_for(self.deployment)
            .filter(_narrowed(asked, columns))
            .order_by("-study_id", "number")
        )
        for dispatch in found:
            rounds.setdefault(dispatch.study_uid_sent, []).append(dispatch)
        for some in batched(rounds.values()):
            sent = DispatchInstance.objects.exclude(sop_uid_sent="")
            sent = sent.filter(dispatch__in=[one for every in some for one in every])
            held = pulls.contents(sent, "dispatch__study", "series_uid_sent", "instance__")
            for every in some:
                study = every[0].study
                if not dispatches.opted_out_here(study, self.deployment, strict=True):
                    yield self._seen(every, held.get(study.pk, []))

    def _seen(self, rounds: list[Dispatch], held: list[pulls.Content]) -> Seen:
        first = rounds[0]

        def images() -> tuple[SeenImage, ...]:
            items = DispatchInstance.objects.filter(dispatch__in=rounds).exclude(sop_uid_sent="")
            slug, version = self.deployment.slug, keys.version_of(first)
            profile = profiles.of_deployment(self.deployment.pk).named.name
            related = ("instance", "dispatch__study", "dispatch__deployment")
            return tuple(
                SeenImage(
                    item.instance,
                    item.sop_uid_sent,
                    item.series_uid_sent,
                    item,
                    _header_without_identity(item, slug, version, profile),
                )
                for item in items.select_related(*related).order_by("pk")
            )

        known = {
            "StudyInstanceUID": first.study_uid_sent,
            "PatientID": first.patient_pseudonym,
            "PatientName": first.patient_pseudonym,
            "IssuerOfPatientID": "",
            "AccessionNumber": first.accession_pseudonym,
        }
        return Seen(known | _counted(held), images)


def view_of(peer: Peer) -> View | None:
    """What does this peer see? None: it may not pull."""
    if not (peer.enabled and peer.may_pull):
        return None
    if peer.kind == Peer.TOOL:
        return ToolView(peer, peer.deployment) if peer.deployment else None
    return ClinicalView(peer)


def batched(rows: Iterable[T]) -> Iterator[list[T]]:
    """So many at a time, so that what belongs to them is looked up at once and nobody waits for the last."""
    waiting = iter(rows)
    while some := list(islice(waiting, AT_A_TIME)):
        yield some


def _counted(held: list[pulls.Content]) -> dict[str, Any]:
    return {
        "ModalitiesInStudy": sorted({one.modality for one in held} - {""}),
        "SOPClassesInStudy": sorted({one.sop_class for one in held} - {""}),
        "NumberOfStudyRelatedSeries": len({one.series_uid for one in held}),
        "NumberOfStudyRelatedInstances": sum(one.images for one in held),
    }


def _narrowed(asked: Query, columns: dict[str, str]) -> Q:
    """What the database can leave out at once: exact values, and what stands before a wildcard."""
    found = Q()
    for keyword, column in columns.items():
        wanted = asked.keys.get(keyword)
        if not wanted:
            continue
        any_of = Q()
        for one in wanted:
            stem = one.split("*")[0].split("?")[0]
            any_of |= (
                Q(**{f"{column}__iexact": one}) if stem == one else Q(**{f"{column}__istartswith": stem})
            )
        found &= any_of
    return found


def _dates(asked: Query) -> Q:
    wanted = asked.one("StudyDate")
    if not wanted:
        return Q()
    low, dash, high = wanted.partition("-")
    if not dash:
        return Q(study_date=wanted)
    return (Q(study_date__gte=low) if low else Q()) & (Q(study_date__lte=high) if high else Q())


def _header_of(sha256: str) -> Callable[[], Dataset]:
    return lambda: _original(sha256)


def _header_without_identity(
    item: DispatchInstance, slug: str, key_version: int | None, profile: str
) -> Callable[[], Dataset]:
    sha256, issuer = item.instance.sha256, item.dispatch.study.issuer
    return lambda: _deidentified(sha256, slug, key_version, issuer, profile)


def _parsed(part10: bytes) -> Dataset:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return dcmread(io.BytesIO(part10), stop_before_pixels=True, force=True)


@lru_cache(maxsize=_SAMPLES)
def _original(sha256: str) -> Dataset:
    try:
        return _parsed(objects.get(sha256))
    except BrokenEvidence:
        return Dataset()


@lru_cache(maxsize=_SAMPLES)
def _deidentified(sha256: str, slug: str, key_version: int | None, issuer: str, profile: str) -> Dataset:
    """The header as it would leave, once for each object, tool, key and profile."""
    try:
        pseudonyms = keys.pseudonyms_of(slug, key_version, issuer)
        left = deidentify(
            objects.get(sha256), profile=profiles.by_name(profile).profile, pseudonyms=pseudonyms
        )
    except (BadInput, BrokenEvidence):
        return Dataset()
    return _parsed(left.part10)
