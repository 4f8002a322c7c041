"""The whole route on this machine: received, proved without its patient, sent, answered, matched, filed to a PACS.

The gateway (two receivers and the clerk) and one worker, as they ship, on SQLite, with a deployment whose gates were
signed one by one. The AI tool echoes: it answers each study with a structured report that names every image. The PACS is
dcmtk's storescp. All of them, and the sender, share this machine's cores. Nobody publishes such a number, so ours
stands alone; what is asked of it is that an image costs the same in a study of one and in a study of thousands.

`ALARP_BENCH_LARGE=1` adds one study of 2,000 images (some minutes). Processor time is that of gateway and worker.
"""

from __future__ import annotations

import os
import queue
import secrets
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from pydicom import dcmread
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian, generate_uid

from bench.deidentify import make_images
from bench.measuring import Row, most_memory_mb, not_measured, processor_s
from bench.receive import Sender, free_port

ROOT = Path(__file__).resolve().parent.parent
STUDIES = ((1, 40), (20, 8), (200, 2))
LARGE = (2000, 1)
WARM_UP = ((2, 3),)
NAMES = [
    b"1.2.826.0.1.3680043.10.1500.1.100000000",
    b"1.2.826.0.1.3680043.10.1500.2.100000000",
    b"1.2.826.0.1.3680043.10.1500.3.100000000",
    b"BENCH100000000",
    b"ACC100000000",
]
"""Of study, series and frame of reference, patient and accession."""
COMPREHENSIVE_SR = "1.2.840.10008.5.1.4.1.1.88.33"
WITHIN_S = 900.0
MEMORY_MB = 300.0


def run() -> Iterator[Row]:
    if not shutil.which("storescp", path="/usr/bin"):
        yield not_measured("the whole route", "nobody publishes one", "dcmtk is not installed")
        return
    sizes = (*STUDIES, LARGE) if os.environ.get("ALARP_BENCH_LARGE") else STUDIES
    with ExitStack() as stack:
        route = Route(stack, Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="alarp-bench-"))))
        for images, studies in WARM_UP:
            route.measure(images, studies)
        for images, studies in sizes:
            yield from _rows(images, studies, *route.measure(images, studies))
        for name, process in (("gateway", route.gateway), ("worker", route.worker)):
            peak_mb = most_memory_mb(process.pid)
            work = f"the whole route, studies of up to {sizes[-1][0]} images: the most memory of any process, {name}"
            ratio = round(MEMORY_MB / peak_mb, 2)
            yield Row(
                work=work,
                peer="the limit of 300 MB",
                ours=round(peak_mb, 1),
                theirs=MEMORY_MB,
                unit="MB",
                ratio=ratio,
            )


def _rows(images: int, studies: int, wall_s: float, gateway_s: float, worker_s: float) -> Iterator[Row]:
    work = (
        f"the whole route, {studies} studies of {images} images"
        if studies > 1
        else f"the whole route, one study of {images} images"
    )
    each = studies * images
    for what, ours, unit in (
        ("studies an hour", 3600 * studies / wall_s, "/h"),
        ("images a second", each / wall_s, "/s"),
        ("processor time an image, gateway", 1000 * gateway_s / each, "ms"),
        ("processor time an image, worker", 1000 * worker_s / each, "ms"),
    ):
        yield Row(
            work=f"{work}: {what}",
            peer="(ours alone)",
            ours=round(ours, 2),
            theirs=None,
            unit=unit,
            ratio=None,
        )


class Route:
    """A small Trust on this machine, which ends with the stack."""

    def __init__(self, stack: ExitStack, folder: Path) -> None:
        port, tool, pacs = free_port(), free_port(), free_port()
        env = {name: value for name, value in os.environ.items() if not name.startswith("ALARP_")} | {
            "ALARP_DATA": str(folder / "alarp"),
            "ALARP_GATEWAY_PORT": str(port),
            "ALARP_GATEWAY_PROCESSES": "2",
            "ALARP_LEAST_FREE_MB": "1",
            "ALARP_QUIET_S": "0.5",
            "ALARP_POLL_S": "0.1",
            "PYTHONPATH": os.pathsep.join(
                map(str, (ROOT / "src", ROOT, ROOT / "tests", ROOT / "tests/records"))
            ),
        }
        self.port, self.filed = port, folder / "pacs"
        self.filed.mkdir()
        self._stack = stack
        _python(env, "lay", str(tool), str(pacs)).wait()
        scp = ["/usr/bin/storescp", "--fork", "-aet", "PACS", "-od", str(self.filed), "-pdu", "131072", "+uf"]
        self._started(subprocess.Popen([*scp, str(pacs)], env=env | {"TCP_NODELAY": "1"}))
        self._started(_python(env, "tool", str(tool), str(port)))
        self.gateway = self._started(_ready([sys.executable, "-m", "alarp.gateway"], env))
        self.worker = self._started(_ready([sys.executable, "-m", "alarp.gateway.worker"], env))
        self._sender = Sender(_image(folder))
        self._names = list(NAMES)

    def _started(self, process: subprocess.Popen[bytes]) -> subprocess.Popen[bytes]:
        self._stack.callback(process.wait)
        self._stack.callback(process.terminate)
        return process

    def measure(self, images: int, studies: int) -> tuple[float, float, float]:
        """Seconds from the first byte sent to the last report filed; processor seconds of gateway and worker."""
        os.sync()
        before, wanted = self._used(), self._count() + studies
        began = time.perf_counter()
        for _ in range(studies):
            self._new_study()
            self._sender.send(self.port, images)
        end = began + WITHIN_S
        while self._count() < wanted:
            if time.perf_counter() > end:
                raise RuntimeError(f"{wanted - self._count()} reports have not come back in {WITHIN_S:.0f} s")
            time.sleep(0.02)
        wall_s = time.perf_counter() - began
        time.sleep(
            1.0
        )  # what is done behind the report, such as asking the PACS for it, belongs to the study
        gateway_s, worker_s = (now - then for now, then in zip(self._used(), before, strict=True))
        return wall_s, gateway_s, worker_s

    def _used(self) -> tuple[float, float]:
        return processor_s(self.gateway.pid), processor_s(self.worker.pid)

    def _count(self) -> int:
        return sum(1 for _ in self.filed.iterdir())

    def _new_study(self) -> None:
        """The next study has UIDs, a patient and an accession of its own, of the same length as the one before."""
        number = b"%08d" % secrets.randbelow(10**8)
        for n, name in enumerate(self._names):
            self._names[n] = name[:-8] + number
            self._sender.data = self._sender.data.replace(name, self._names[n])


def _image(folder: Path) -> Path:
    """One CT image of 512 x 512 under names that can be replaced by others of the same length."""
    (source := folder / "source").mkdir()
    file = make_images(source, 1)[0]
    image = dcmread(file)
    study, series, frame, patient, accession = (name.decode() for name in NAMES)
    image.StudyInstanceUID, image.SeriesInstanceUID, image.FrameOfReferenceUID = study, series, frame
    image.PatientID, image.AccessionNumber = patient, accession
    image.save_as(file)
    return file


def _python(env: dict[str, str], *arguments: str) -> subprocess.Popen[bytes]:
    return _ready([sys.executable, "-m", "bench.route", *arguments], env)


def _ready(command: list[str], env: dict[str, str]) -> subprocess.Popen[bytes]:
    """Start a program of ours and wait until it says that it is ready."""
    process = subprocess.Popen(command, env=env, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    assert process.stdout is not None
    if not process.stdout.readline():
        raise RuntimeError(f"{' '.join(command[1:])} did not start")
    return process


def lay(tool: int, pacs: int) -> None:
    """A Trust with one AI tool whose gates were all signed, a sender and a PACS."""
    from alarp.records import boot, tables

    boot()
    tables.lay()
    import valley

    from alarp.records.ledger.models import Peer

    valley.STATEMENTS["rules"] = {"modalities": ["CT"]}
    valley.build()
    deployment = valley.bring_to(valley.proposed(), "live")
    Peer.objects.create(aet="SENDER", name="Sender", kind=Peer.SOURCE)
    Peer.objects.create(
        aet="ECHO", name="Echo", kind=Peer.TOOL, host="127.0.0.1", port=tool, deployment=deployment
    )
    Peer.objects.create(aet="PACS", name="PACS", kind=Peer.PACS, host="127.0.0.1", port=pacs)
    print("ready", flush=True)


class Echo:
    """An AI tool that looks at nothing: when an association ends, it answers with a report on what came."""

    def __init__(self, port: int, gateway: int) -> None:
        from pynetdicom import AE, AllStoragePresentationContexts, evt

        self._gateway = gateway
        self._came: dict[Any, list[tuple[str, str]]] = {}
        self._first: dict[Any, Dataset] = {}
        self._answers: queue.Queue[Dataset] = queue.Queue()
        entity = AE(ae_title="ECHO")
        entity.maximum_pdu_size = 131_072
        entity.supported_contexts = AllStoragePresentationContexts
        handlers = [(evt.EVT_C_STORE, self._take), (evt.EVT_RELEASED, self._report)]
        entity.start_server(("127.0.0.1", port), block=False, evt_handlers=handlers)

    def _take(self, event: Any) -> int:
        if event.assoc not in self._first:
            self._first[event.assoc] = event.dataset
        request = event.request
        names = (str(request.AffectedSOPClassUID), str(request.AffectedSOPInstanceUID))
        self._came.setdefault(event.assoc, []).append(names)
        return 0x0000

    def _report(self, event: Any) -> None:
        if event.assoc in self._first:
            self._answers.put(report(self._first.pop(event.assoc), self._came.pop(event.assoc)))

    def answer(self) -> None:
        """Send each report until the gateway takes it."""
        from pynetdicom import AE

        entity = AE(ae_title="ECHO")
        entity.add_requested_context(COMPREHENSIVE_SR, ExplicitVRLittleEndian)
        while True:
            made = self._answers.get()
            while True:
                link = entity.associate("127.0.0.1", self._gateway, ae_title="ALARP")
                taken = link.is_established and link.send_c_store(made).get("Status") == 0x0000
                if link.is_established:
                    link.release()
                if taken:
                    break
                time.sleep(0.1)


def report(image: Dataset, names: list[tuple[str, str]]) -> Dataset:
    """A structured report (PS3.3 A.35.2) that says one number of all these images of one series."""
    made = Dataset()
    made.file_meta = FileMetaDataset()
    made.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    made.SOPClassUID, made.SOPInstanceUID = COMPREHENSIVE_SR, generate_uid()
    made.StudyInstanceUID, made.SeriesInstanceUID = image.StudyInstanceUID, generate_uid()
    for keyword in ("PatientID", "PatientName", "AccessionNumber", "StudyDate", "StudyTime"):
        setattr(made, keyword, image.get(keyword, ""))
    made.PatientBirthDate = made.PatientSex = made.StudyID = made.ReferringPhysicianName = ""
    made.Modality, made.Manufacturer, made.SeriesNumber, made.InstanceNumber = "SR", "Echo", 1, 1
    made.ContentDate, made.ContentTime = "20260101", "120000"
    made.CompletionFlag, made.VerificationFlag = "COMPLETE", "UNVERIFIED"
    made.ValueType, made.ContinuityOfContent = "CONTAINER", "SEPARATE"
    made.ConceptNameCodeSequence = [_code("126000", "DCM", "Imaging Measurement Report")]
    number, value = Dataset(), Dataset()
    number.RelationshipType, number.ValueType = "CONTAINS", "NUM"
    number.ConceptNameCodeSequence = [_code("111047", "DCM", "Probability of cancer")]
    value.NumericValue, value.MeasurementUnitsCodeSequence = "0.5", [_code("1", "UCUM", "no units")]
    number.MeasuredValueSequence = [value]
    made.ContentSequence = [number]
    study, series = Dataset(), Dataset()
    study.StudyInstanceUID, series.SeriesInstanceUID = image.StudyInstanceUID, image.SeriesInstanceUID
    series.ReferencedSOPSequence = []
    for sop_class, sop_uid in names:
        reference = Dataset()
        reference.ReferencedSOPClassUID, reference.ReferencedSOPInstanceUID = sop_class, sop_uid
        series.ReferencedSOPSequence.append(reference)
    study.ReferencedSeriesSequence = [series]
    made.CurrentRequestedProcedureEvidenceSequence = [study]
    return made


def _code(value: str, scheme: str, meaning: str) -> Dataset:
    made = Dataset()
    made.CodeValue, made.CodingSchemeDesignator, made.CodeMeaning = value, scheme, meaning
    return made


def main(what: str, *ports: str) -> None:
    """Be a part of the route: `lay TOOL PACS` makes the records, `tool PORT GATEWAY` is the AI tool."""
    if what == "lay":
        lay(*map(int, ports))
        return
    echo = Echo(*map(int, ports))
    print("ready", flush=True)
    echo.answer()


if __name__ == "__main__":
    main(*sys.argv[1:])
