"""A tool for tests: keeps what it is sent on disk before it says Success, and answers each study with an SR.

`python faketool.py PORT GATEWAY_PORT AET FOLDER [QUIET_S]`. What it was sent stays in FOLDER/in, with one
line per arrival in FOLDER/arrivals. Its UIDs follow from the study, so a study sent twice gives the same
result twice. The result is sent until the gateway takes it; then FOLDER/done names the study.
"""

from __future__ import annotations

import hashlib
import json
import os
import sys
import time
from collections import defaultdict
from pathlib import Path
from typing import Any

from pydicom import dcmread
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian
from pynetdicom import AE, _config, evt

COMPREHENSIVE_SR = "1.2.840.10008.5.1.4.1.1.88.33"
_config.UNRESTRICTED_STORAGE_SERVICE = True


def uid_for(*parts: str) -> str:
    return "2.25." + str(int(hashlib.sha256("/".join(parts).encode()).hexdigest()[:30], 16))


def report(images: list[Dataset], *, score: float = 0.75, version: str = "") -> Dataset:
    """A small Comprehensive SR on these images, under the names they carry, by this version of the tool."""
    first = images[0]
    names = "/".join(sorted(str(image.SOPInstanceUID) for image in images))
    sr = Dataset()
    sr.file_meta = FileMetaDataset()
    sr.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    sr.SOPClassUID = COMPREHENSIVE_SR
    sr.SOPInstanceUID = uid_for("sr", str(first.StudyInstanceUID), names)
    sr.file_meta.MediaStorageSOPClassUID = sr.SOPClassUID
    sr.file_meta.MediaStorageSOPInstanceUID = sr.SOPInstanceUID
    sr.SeriesInstanceUID = uid_for("series", sr.SOPInstanceUID)
    sr.StudyInstanceUID = first.StudyInstanceUID
    sr.PatientID, sr.PatientName = first.PatientID, first.PatientName
    sr.PatientBirthDate, sr.PatientSex = "", ""
    sr.AccessionNumber = first.get("AccessionNumber", "")
    sr.StudyDate, sr.StudyTime = first.get("StudyDate", ""), first.get("StudyTime", "")
    sr.StudyID, sr.ReferringPhysicianName = "", ""
    sr.Modality, sr.Manufacturer = "SR", "Fake tool"
    if version:
        sr.SoftwareVersions = version
    sr.SeriesNumber, sr.InstanceNumber = 1, 1
    sr.ContentDate, sr.ContentTime = "20260101", "120000"
    sr.CompletionFlag, sr.VerificationFlag = "COMPLETE", "UNVERIFIED"
    sr.ValueType, sr.ContinuityOfContent = "CONTAINER", "SEPARATE"
    sr.ConceptNameCodeSequence = [code("126000", "DCM", "Imaging Measurement Report")]
    number = Dataset()
    number.RelationshipType, number.ValueType = "CONTAINS", "NUM"
    number.ConceptNameCodeSequence = [code("111047", "DCM", "Probability of cancer")]
    value = Dataset()
    value.NumericValue = f"{score}"
    value.MeasurementUnitsCodeSequence = [code("1", "UCUM", "no units")]
    number.MeasuredValueSequence = [value]
    sr.ContentSequence = [number]
    study, by_series = Dataset(), defaultdict(list)
    study.StudyInstanceUID = first.StudyInstanceUID
    for image in images:
        reference = Dataset()
        reference.ReferencedSOPClassUID = image.SOPClassUID
        reference.ReferencedSOPInstanceUID = image.SOPInstanceUID
        by_series[str(image.SeriesInstanceUID)].append(reference)
    study.ReferencedSeriesSequence = []
    for series, references in by_series.items():
        item = Dataset()
        item.SeriesInstanceUID, item.ReferencedSOPSequence = series, references
        study.ReferencedSeriesSequence.append(item)
    sr.CurrentRequestedProcedureEvidenceSequence = [study]
    return sr


def code(value: str, scheme: str, meaning: str) -> Dataset:
    item = Dataset()
    item.CodeValue, item.CodingSchemeDesignator, item.CodeMeaning = value, scheme, meaning
    return item


def deliver(datasets: list[Dataset], port: int, calling: str) -> list[int]:
    """Send these to the gateway; answers the status of each, 0 when the association failed."""
    entity = AE(ae_title=calling)
    for pair in {(d.SOPClassUID, d.file_meta.TransferSyntaxUID) for d in datasets}:
        entity.add_requested_context(*pair)
    link = entity.associate("127.0.0.1", port, ae_title="ALARP")
    if not link.is_established:
        return [-1] * len(datasets)
    found = []
    for dataset in datasets:
        status = link.send_c_store(dataset)
        found.append(int(status.Status) if "Status" in status else -1)
    if link.is_established:
        link.release()
    return found


class Tool:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / "in").mkdir(parents=True, exist_ok=True)

    def store(self, event: Any) -> int:
        name = str(event.request.AffectedSOPInstanceUID)
        fresh = self.folder / f"{name}.part"
        with fresh.open("wb") as handle:
            handle.write(event.encoded_dataset())
            handle.flush()
            os.fsync(handle.fileno())
        with (self.folder / "arrivals").open("a") as log:
            log.write(name + "\n")
        fresh.rename(self.folder / "in" / f"{name}.dcm")
        return 0x0000

    def studies(self) -> dict[str, list[Path]]:
        found: dict[str, list[Path]] = defaultdict(list)
        for file in sorted((self.folder / "in").glob("*.dcm")):
            found[str(dcmread(file, specific_tags=["StudyInstanceUID"]).StudyInstanceUID)].append(file)
        return found

    def done(self) -> set[str]:
        file = self.folder / "done"
        return set(file.read_text().split()) if file.exists() else set()

    def version(self) -> str:
        """Which version does it say that it is? The supplier writes it into a file, and tells nobody."""
        file = self.folder / "version"
        return file.read_text().strip() if file.exists() else ""

    def run(self, gateway: int, aet: str, quiet_s: float) -> None:
        while True:
            finished = self.done()
            for study, files in self.studies().items():
                key = f"{study}:{len(files)}"
                still = time.time() - max(file.stat().st_mtime for file in files)
                if key in finished or still < quiet_s:
                    continue
                images = [dcmread(file, stop_before_pixels=True) for file in files]
                if deliver([report(images, version=self.version())], gateway, aet) == [0]:
                    with (self.folder / "done").open("a") as log:
                        log.write(key + "\n")
            time.sleep(0.05)


def main() -> None:
    port, gateway, aet, folder = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3], Path(sys.argv[4])
    quiet_s = float(sys.argv[5]) if len(sys.argv) > 5 else 0.2
    tool = Tool(folder)
    entity = AE(ae_title=aet)
    entity.add_supported_context("1.2.840.10008.1.1")
    entity.start_server(("127.0.0.1", port), block=False, evt_handlers=[(evt.EVT_C_STORE, tool.store)])
    print(json.dumps({"ready": "faketool", "port": port}), flush=True)
    tool.run(gateway, aet, quiet_s)


if __name__ == "__main__":
    main()
