"""The physicist's bench: a tool in a process of its own gets a test set and answers by DICOM."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from io import BytesIO
from typing import Any

from pydicom import Dataset, dcmread
from pynetdicom import AE, AllStoragePresentationContexts, evt

from alarp.demo.modality import send
from alarp.kernel import Unavailable

ANSWER_WITHIN_S = 120.0


@dataclass
class Collector:
    """Takes in what the tool sends back, in memory; only the first copy of each object counts."""

    aet: str = "BENCH"
    received: dict[str, Dataset] = field(default_factory=dict)
    _arrived: threading.Condition = field(default_factory=threading.Condition)
    _server: Any = None
    port: int = 0

    def __enter__(self) -> Collector:
        entity = AE(ae_title=self.aet)
        entity.supported_contexts = AllStoragePresentationContexts
        self._server = entity.start_server(
            ("127.0.0.1", 0), block=False, evt_handlers=[(evt.EVT_C_STORE, self._keep)]
        )
        self.port = self._server.server_address[1]
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()

    def _keep(self, event: evt.Event) -> int:
        dataset = dcmread(BytesIO(event.encoded_dataset()))
        with self._arrived:
            self.received.setdefault(str(dataset.SOPInstanceUID), dataset)
            self._arrived.notify_all()
        return 0x0000

    def wait_for(self, studies: set[str]) -> dict[str, Dataset]:
        """One result for each study, by Study Instance UID. Raises Unavailable when some stay away."""
        until = time.monotonic() + ANSWER_WITHIN_S
        with self._arrived:
            while missing := studies - {str(d.StudyInstanceUID) for d in self.received.values()}:
                if not self._arrived.wait(until - time.monotonic()):
                    raise Unavailable(
                        f"The tool on the bench left {len(missing)} studies unanswered.", phase="process"
                    )
        return {str(d.StudyInstanceUID): d for d in self.received.values()}


def run_test_set(
    studies: Sequence[Sequence[Dataset]], collector: Collector, *, called: str, port: int
) -> dict[str, Dataset]:
    """Which result does the tool give for each study of the test set, by Study Instance UID?"""
    for images in studies:
        send(images, calling=collector.aet, called=called, host="127.0.0.1", port=port)
    return collector.wait_for({str(images[0].StudyInstanceUID) for images in studies})


def score_of(report: Dataset) -> float | None:
    """Which score does a structured report state? The first NUM item whose concept is a score; None without one."""
    for item in report.get("ContentSequence", []):
        if item.get("ValueType") == "NUM" and _is_score(item):
            return float(item.MeasuredValueSequence[0].NumericValue)
        found = score_of(item)
        if found is not None:
            return found
    return None


def _is_score(item: Dataset) -> bool:
    concept = item.ConceptNameCodeSequence[0]
    meaning = str(concept.get("CodeMeaning", "")).lower()
    return "score" in meaning or "probability" in meaning
