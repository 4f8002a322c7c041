"""May this peer have this image now, and as which bytes? Asked and answered for each image of a retrieval."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from alarp.gateway import keys, profiles
from alarp.gateway.associations import Outgoing
from alarp.gateway.pulling.matching import Query
from alarp.gateway.pulling.seeing import Seen, SeenImage, ToolView, View
from alarp.gateway.steps import proving, sending
from alarp.kernel import BrokenEvidence, Phase, RouteState, Unavailable, sha256_hex
from alarp.records import egress, objects
from alarp.records.ledger import pulls
from alarp.records.ledger.models import Dispatch, Study

SAME_REFUSAL_AGAIN_S, MOST_REMEMBERED = 60.0, 10_000
_refused: dict[tuple[str, str, str], float] = {}


class Withheld(Exception):
    """This image, and whatever would follow it, may not be had now."""


class Hands:
    """One retrieval by one peer: gives out files, and writes down what was taken."""

    def __init__(self, view: View, service: str, to: str) -> None:
        self.view, self.service, self.to = view, service, to
        self._given: list[SeenImage] = []
        self._gates: dict[int, sending.Gate] = {}
        self._routes: dict[int, RouteState] = {}

    @contextmanager
    def offer(self, image: SeenImage) -> Iterator[Outgoing]:
        """The file of this image as this peer may have it. Raises Withheld or Unavailable; then nothing was given."""
        if image.item is None:
            file = objects.path_of(image.instance.sha256)
            if not file.exists():
                raise Unavailable(
                    "An object is missing from the store; restore it from the backup.", phase=Phase.SEND
                )
            yield Outgoing.of(file)
            return
        with tempfile.TemporaryDirectory(dir=objects.incoming_folder(), prefix="pulled-") as folder:
            yield self._without_identity(image, Path(folder) / "image.dcm")

    def _without_identity(self, image: SeenImage, file: Path) -> Outgoing:
        """De-identified and scanned as for a push; route and register are asked last, when only sending remains."""
        assert image.item is not None and isinstance(self.view, ToolView)
        dispatch = image.item.dispatch
        try:
            pseudonyms, leaving = keys.of_dispatch(dispatch), profiles.of_deployment(dispatch.deployment_id)
            image_without = proving.cleaned(image.item, leaving.profile, pseudonyms)
            left = image_without.left
            if left.sop_instance_uid != image.sop_uid:
                raise Withheld("The names of this study have changed since it was prepared.")
            gate = self._gates.setdefault(dispatch.pk, sending.Gate(dispatch))
            file.write_bytes(image_without.part10)
            self._routes[image.item.pk] = gate.may_leave()
        except proving.Barred as bar:
            raise Withheld(bar.sentence) from None
        except BrokenEvidence as error:
            raise Unavailable(str(error), phase=Phase.SEND) from None
        pulls.leaves(image.item, sha256_hex(image_without.part10))
        egress.leaving(
            file,
            peer=self.view.peer.aet,
            deployment=dispatch.deployment.slug,
            sop_uid=left.sop_instance_uid,
            how=egress.PULLED,
        )
        return Outgoing.of(file)

    def taken(self, image: SeenImage) -> None:
        """The peer has this image."""
        if image.item is not None:
            pulls.fetched_one(image.item, self._routes[image.item.pk])
        self._given.append(image)

    def withheld(self, image: SeenImage, reason: str) -> None:
        """An image was refused in the middle of a retrieval."""
        if image.item is not None and isinstance(self.view, ToolView):
            study = image.item.dispatch.study
            pulls.refused(self.view.peer, self.view.deployment, study, reason, service=self.service)

    def close(self) -> None:
        """Write down what was given in all."""
        by_study: dict[int, list[SeenImage]] = {}
        for image in self._given:
            by_study.setdefault(image.instance.study_id or 0, []).append(image)
        for pk, images in by_study.items():
            if isinstance(self.view, ToolView):
                rounds: dict[int, Dispatch] = {
                    image.item.dispatch_id: image.item.dispatch for image in images if image.item
                }
                pulls.fetched(self.view.peer, list(rounds.values()), service=self.service, images=len(images))
            else:
                study = Study.objects.get(pk=pk)
                pulls.retrieved(self.view.peer, study, service=self.service, images=len(images), to=self.to)


def refuse_unseen(view: View, asked: Query, found: Iterable[Seen], *, service: str) -> None:
    """Which studies were named by their UID and are not there for this tool? Those that exist are written down."""
    if not isinstance(view, ToolView):
        return
    seen = {str(one.known["StudyInstanceUID"]) for one in found}
    for uid in asked.keys.get("StudyInstanceUID", ()):
        known = None if uid in seen else pulls.asked_for(view.deployment, uid, closed=view.closed)
        if known is not None and _first_time(view.peer.aet, service, uid):
            pulls.refused(view.peer, view.deployment, known[0], known[1], service=service)


def _first_time(aet: str, service: str, uid: str) -> bool:
    """A puller that asks for the same thing again and again fills no log: one event a minute."""
    now = time.monotonic()
    if len(_refused) > MOST_REMEMBERED:
        _refused.clear()
    last = _refused.get((aet, service, uid), float("-inf"))
    if now - last < SAME_REFUSAL_AGAIN_S:
        return False
    _refused[aet, service, uid] = now
    return True
