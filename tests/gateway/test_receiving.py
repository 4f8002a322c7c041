"""Is what arrives kept, exactly, and is nothing acknowledged that is not?"""

from __future__ import annotations

import hashlib
import socket
import subprocess
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO
from pathlib import Path

import pytest
from house import House, wait_for
from pictures import CR, CT, files, image, patient, send_bytes, send_file, series, uid
from pydicom import dcmread
from pydicom.uid import ExplicitVRLittleEndian, ImplicitVRLittleEndian
from pynetdicom import AE
from pynetdicom.dimse_messages import C_STORE_RQ
from pynetdicom.dimse_primitives import C_STORE
from pynetdicom.dsutils import encode, split_dataset
from pynetdicom.presentation import build_context

from alarp.gateway.receiving.wire import FRAGMENT_HEAD, HEAD, P_DATA
from alarp.identity.header import valid_uid
from alarp.identity.structure import Broken, layout

OUT_OF_RESOURCES = 0xA700
SYNTAX_OPTIONS = {
    "1.2.840.10008.1.2": "-xi",
    "1.2.840.10008.1.2.1": "-xe",
    "1.2.840.10008.1.2.2": "-xb",
    "1.2.840.10008.1.2.1.99": "-xd",
    "1.2.840.10008.1.2.4.70": "-xs",
    "1.2.840.10008.1.2.4.80": "-xt",
    "1.2.840.10008.1.2.4.90": "-xv",
    "1.2.840.10008.1.2.5": "-xr",
}


def kept(house: House, sop_uid: str) -> list[dict[str, object]]:
    """Every row for this SOP Instance UID, with its quarantine's reason."""
    return house.ask(
        "list(Instance.objects.filter(sop_uid="
        f"{sop_uid!r}).order_by('pk').values('pk','sha256','times_received','study_id','transfer_syntax',"
        "'quarantine__reason'))"
    )


def object_bytes(house: House, sha256: object) -> bytes:
    name = str(sha256)
    data = (house.data / "objects" / name[:2] / name).read_bytes()
    assert hashlib.sha256(data).hexdigest() == name
    return data


def data_set_of(file: Path) -> bytes:
    """The bytes behind preamble and file meta, as far as there are any."""
    data = file.read_bytes()
    if data[128:132] == b"DICM":
        return data[split_dataset(file)[1] :]
    try:
        return data[layout(data).dataset_start :]
    except Broken:
        return data


@pytest.mark.shared
def test_every_transfer_syntax_is_kept_byte_for_byte(receiving: House, shared: Path) -> None:
    syntaxes = set()
    for file in sorted((shared / "data" / "transfer_syntaxes").rglob("*.dcm")):
        original, content = dcmread(file, force=True, stop_before_pixels=True), data_set_of(file)
        sop_class = str(original.file_meta.get("MediaStorageSOPClassUID") or CR)
        # The five copies of one series share their UIDs: sent under the names they carry all the same.
        name = str(original.file_meta.get("MediaStorageSOPInstanceUID") or uid())
        syntax = str(original.file_meta.get("TransferSyntaxUID") or ImplicitVRLittleEndian)
        before = len(kept(receiving, name))
        assert send_bytes(receiving.port, content, sop_class=sop_class, sop_uid=name, syntax=syntax) == 0, (
            file
        )
        rows = kept(receiving, name)
        assert len(rows) == before + 1, file
        assert object_bytes(receiving, rows[-1]["sha256"]).endswith(content), file
        assert rows[-1]["transfer_syntax"] == syntax
        syntaxes.add(syntax)
    assert len(syntaxes) >= 8


@pytest.mark.shared
def test_dcmtk_sends_every_transfer_syntax_it_knows(new_house: Callable[..., House], shared: Path) -> None:
    house = new_house(quiet_s=60)
    house.start("listener")
    known = 0
    for folder in sorted({f.parent for f in (shared / "data" / "transfer_syntaxes").rglob("*.dcm")}):
        for file in (
            sorted(folder.glob("*.dcm"))[-1:]
            if folder.name.startswith("mr_")
            else sorted(folder.glob("*.dcm"))
        ):
            original = dcmread(file, force=True)
            option = SYNTAX_OPTIONS.get(str(original.file_meta.get("TransferSyntaxUID")))
            if option is None or "SOPInstanceUID" not in original:
                continue
            done = house.storescu([file], option)
            assert done.returncode == 0, (file.name, done.stderr)
            stored = object_bytes(house, kept(house, str(original.SOPInstanceUID))[-1]["sha256"])
            (house.folder / "back.dcm").write_bytes(stored)
            back = dcmread(house.folder / "back.dcm")
            assert back.file_meta.TransferSyntaxUID == original.file_meta.TransferSyntaxUID
            assert back.PixelData.rstrip(b"\0") == original.PixelData.rstrip(b"\0")
            known += 1
    assert known >= 7


def test_a_stranger_gets_no_association_and_leaves_an_event(receiving: House, tmp_path: Path) -> None:
    picture = files([image()], tmp_path)
    done = receiving.storescu(picture, calling="STRANGER")
    assert done.returncode != 0 and "Calling AE Title Not Recognized" in done.stderr
    done = receiving.storescu(picture, called="SOMEBODY")
    assert done.returncode != 0 and "Called AE Title Not Recognized" in done.stderr
    receiving.until(
        "AuditEvent.objects.filter(action='association refused', subject='caller STRANGER').count() >= 1"
    )
    assert receiving.ask("Instance.objects.filter(peer__aet='STRANGER').count()") == 0


def test_a_peer_that_was_switched_off_is_refused_at_once(receiving: House, tmp_path: Path) -> None:
    picture = files([image()], tmp_path)
    receiving.ask("n = Peer.objects.filter(aet='SCANNER2').update(enabled=False)")
    assert receiving.storescu(picture, calling="SCANNER2").returncode != 0
    receiving.ask("n = Peer.objects.filter(aet='SCANNER2').update(enabled=True)")
    assert receiving.storescu(picture, calling="SCANNER2").returncode == 0


def test_the_same_bytes_again_are_acknowledged_and_kept_once(receiving: House, tmp_path: Path) -> None:
    one = image()
    picture = files([one], tmp_path)
    for caller in ("SCANNER", "SCANNER", "SCANNER2"):
        assert receiving.storescu(picture, calling=caller).returncode == 0
    rows = kept(receiving, one.SOPInstanceUID)
    assert [row["times_received"] for row in rows] == [3]


@pytest.mark.parametrize("other", ["content", "patient"])
def test_the_same_sop_uid_with_other_content_is_kept_apart_and_alarmed(
    receiving: House, tmp_path: Path, other: str
) -> None:
    first = image()
    changed = {"PatientID": patient()} if other == "patient" else {"PatientID": first.PatientID}
    second = image(
        SOPInstanceUID=first.SOPInstanceUID,
        StudyInstanceUID=uid() if other == "patient" else first.StudyInstanceUID,
        **changed,
    )
    assert receiving.storescu(files([first, second], tmp_path)).returncode == 0
    rows = kept(receiving, first.SOPInstanceUID)
    assert len(rows) == 2 and rows[0]["sha256"] != rows[1]["sha256"]
    assert rows[0]["quarantine__reason"] is None
    assert "SOP Instance UID and other content" in str(rows[1]["quarantine__reason"])
    assert (
        receiving.ask(
            f"AuditEvent.objects.filter(action='quarantined', subject='object {rows[1]['pk']}').count()"
        )
        == 1
    )
    for row in rows:
        object_bytes(receiving, row["sha256"])


@pytest.mark.parametrize("other", [{"PatientID": "SOMEBODYELSE"}, {"PatientBirthDate": "19991231"}])
def test_the_same_study_uid_for_another_patient_is_quarantined(
    receiving: House, tmp_path: Path, other: dict[str, str]
) -> None:
    first = image()
    second = image(**({"PatientID": first.PatientID, "StudyInstanceUID": first.StudyInstanceUID} | other))
    assert receiving.storescu(files([first, second], tmp_path)).returncode == 0
    (row,) = kept(receiving, second.SOPInstanceUID)
    assert row["study_id"] is None and "another patient" in str(row["quarantine__reason"])


def test_bytes_that_are_not_dicom_are_kept_and_quarantined(receiving: House) -> None:
    name = uid()
    status = send_bytes(
        receiving.port,
        b"this is not a data set" * 50,
        sop_class=CR,
        sop_uid=name,
        syntax=ExplicitVRLittleEndian,
    )
    assert status == 0
    (row,) = kept(receiving, name)
    assert row["quarantine__reason"] and b"this is not a data set" in object_bytes(receiving, row["sha256"])


def test_a_truncated_object_is_kept_and_quarantined(receiving: House, tmp_path: Path) -> None:
    one = image()
    content = data_set_of(files([one], tmp_path)[0])[:-20]
    assert (
        send_bytes(
            receiving.port, content, sop_class=CR, sop_uid=one.SOPInstanceUID, syntax=ExplicitVRLittleEndian
        )
        == 0
    )
    (row,) = kept(receiving, one.SOPInstanceUID)
    assert "not whole" in str(row["quarantine__reason"])


@pytest.mark.parametrize("empty", ["SOPInstanceUID", "StudyInstanceUID", "SeriesInstanceUID"])
def test_an_object_with_an_empty_uid_is_quarantined(receiving: House, tmp_path: Path, empty: str) -> None:
    one, announced = image(), uid()
    setattr(one, empty, "")
    content = data_set_of(files([one], tmp_path)[0])
    status = send_bytes(
        receiving.port, content, sop_class=CR, sop_uid=announced, syntax=ExplicitVRLittleEndian
    )
    assert status == 0
    (row,) = kept(receiving, announced)
    assert row["study_id"] is None and "UID" in str(row["quarantine__reason"])


def test_another_sop_uid_in_the_data_set_than_announced_is_quarantined(
    receiving: House, tmp_path: Path
) -> None:
    one, announced = image(), uid()
    content = data_set_of(files([one], tmp_path)[0])
    status = send_bytes(
        receiving.port, content, sop_class=CR, sop_uid=announced, syntax=ExplicitVRLittleEndian
    )
    assert status == 0
    (row,) = kept(receiving, announced)
    assert "not the one that was announced" in str(row["quarantine__reason"])


def test_an_unknown_and_a_private_sop_class_are_kept(receiving: House, tmp_path: Path) -> None:
    for sop_class in ("1.2.840.10008.5.1.4.1.1.999.7", "1.3.46.670589.11.0.0.12.99"):
        one = image(SOPClassUID=sop_class)
        (file,) = files([one], tmp_path)
        assert send_file(receiving.port, file, sop_class=sop_class, syntax=ExplicitVRLittleEndian) == 0
        (row,) = kept(receiving, one.SOPInstanceUID)
        assert row["quarantine__reason"] is None and row["study_id"]


@pytest.mark.need("G10")
def test_maker_model_and_software_are_written_down(receiving: House, tmp_path: Path) -> None:
    for maker, model, software in (("GE MEDICAL SYSTEMS", "Discovery", "v9"), ("FUJIFILM", "FCR", "A08")):
        one = image(Manufacturer=maker, ManufacturerModelName=model, SoftwareVersions=software)
        assert receiving.storescu(files([one], tmp_path)).returncode == 0
        found = receiving.ask(
            f"list(Study.objects.filter(study_uid={one.StudyInstanceUID!r}).values_list('manufacturer','model','software'))"
        )
        assert found == [[maker, model, software]]


BEYOND_READING = {
    "MR_truncated.dcm",
    "rtplan_truncated.dcm",
    "bad_sequence.dcm",
    "no_meta.dcm",
    "16573.dcm",
    "16574.dcm",
    "16575.dcm",
}


@pytest.mark.shared
def test_no_malformed_file_is_lost_or_stops_the_gateway(receiving: House, shared: Path) -> None:
    quarantined = set()
    for file in sorted((shared / "data" / "malformed").rglob("*.dcm")):
        content, original = data_set_of(file), dcmread(file, force=True, stop_before_pixels=True)
        meta = getattr(original, "file_meta", {})
        syntax = str(meta.get("TransferSyntaxUID") or _as_it_is_written(file))
        name = str(original.get("SOPInstanceUID") or "")
        name = name if valid_uid(name) else uid()
        sop_class = str(original.get("SOPClassUID") or CT)
        before = receiving.ask("Instance.objects.count()")
        status = send_bytes(receiving.port, content, sop_class=sop_class, sop_uid=name, syntax=syntax)
        assert status == 0, (file.name, status)
        assert receiving.ask("Instance.objects.count()") == before + 1
        row = kept(receiving, name)[-1]
        assert content in object_bytes(receiving, row["sha256"]), file.name
        assert bool(row["study_id"]) != bool(row["quarantine__reason"]), file.name
        if row["quarantine__reason"]:
            quarantined.add(file.name)
    assert quarantined >= BEYOND_READING
    assert receiving.storescu(files([image()], receiving.folder / "after")).returncode == 0


def _as_it_is_written(file: Path) -> str:
    """The transfer syntax of a file that does not name it."""
    try:
        return layout(file.read_bytes()).encoding.transfer_syntax
    except Broken:
        return str(ExplicitVRLittleEndian)


def test_a_disk_that_is_nearly_full_gets_no_new_association_for_images_but_answers_an_echo(
    new_house: Callable[..., House], tmp_path: Path
) -> None:
    house = new_house(least_free_mb=10**9)
    house.start("listener")
    done = house.storescu(files([image()], tmp_path))
    assert done.returncode != 0 and "Local Limit Exceeded" in done.stderr and "Transient" in done.stderr
    assert house.ask("Instance.objects.count()") == 0
    house.until("AuditEvent.objects.filter(action='association refused: no room').count()", 1)
    command = ["echoscu", "-aet", "SCANNER", "-aec", "ALARP", "127.0.0.1", str(house.port)]
    assert subprocess.run(command, timeout=60, check=False).returncode == 0


def test_two_listeners_share_one_port(new_house: Callable[..., House], tmp_path: Path) -> None:
    house = new_house(quiet_s=60)
    house.start("listener")
    house.start("listener")
    pictures = files(series(12), tmp_path)
    for file in pictures:
        assert house.storescu([file]).returncode == 0
    assert house.ask("Instance.objects.count()") == 12


@pytest.mark.parametrize("database", ["sqlite", "postgresql"])
def test_parallel_associations_of_one_study_give_one_study_and_every_image_once(
    new_house: Callable[..., House], tmp_path: Path, database: str, request: pytest.FixtureRequest
) -> None:
    url = request.getfixturevalue("postgres_url") if database == "postgresql" else ""
    house = new_house(quiet_s=60, gateway_processes=2, database_url=url)
    house.start("listener")
    images = files(series(40), tmp_path)
    with ThreadPoolExecutor(4) as pool:
        done = list(pool.map(lambda n: house.storescu(images[n::4]).returncode, range(4)))
        done += list(
            pool.map(lambda n: house.storescu([images[n]]).returncode, range(4))
        )  # each again, alone
    assert done == [0] * 8
    assert house.ask("[Study.objects.count(), Instance.objects.count(), Quarantine.objects.count()]") == [
        1,
        40,
        0,
    ]
    assert house.ask("sum(Instance.objects.values_list('times_received', flat=True))") == 44
    assert house.ask("Work.objects.filter(kind='complete').count()") == 1
    assert list((house.data / "objects" / "incoming").iterdir()) == []


def test_an_association_aborted_in_the_middle_of_an_object_leaves_nothing_of_it(
    receiving: House, tmp_path: Path
) -> None:
    one = image(Rows=2000, Columns=1000, PixelData=bytes(2_000_000))
    content = data_set_of(files([one], tmp_path)[0])
    before = receiving.ask("Instance.objects.count()")
    for end in ("abort", "cut"):
        link = AE(ae_title="SCANNER").associate(
            "127.0.0.1",
            receiving.port,
            contexts=[build_context(CR, ExplicitVRLittleEndian)],
            ae_title="ALARP",
        )
        assert link.is_established
        wire = link.dul.socket.socket
        wire.sendall(announced(CR, one.SOPInstanceUID) + half_of(content))
        wait_for(lambda: bool(list((receiving.data / "objects" / "incoming").iterdir())))
        link.abort() if end == "abort" else wire.shutdown(socket.SHUT_RDWR)
        wait_for(lambda: not list((receiving.data / "objects" / "incoming").iterdir()))
    assert receiving.ask("Instance.objects.count()") == before
    assert receiving.storescu(files([one], tmp_path)).returncode == 0


def announced(sop_class: str, name: str) -> bytes:
    """The unit with which a C-STORE request of this object begins."""
    asked = C_STORE()
    asked.MessageID, asked.Priority = 1, 2
    asked.AffectedSOPClassUID, asked.AffectedSOPInstanceUID = sop_class, name
    asked.DataSet = BytesIO(b"something")
    message = C_STORE_RQ()
    message.primitive_to_message(asked)
    command = bytes(encode(message.command_set, True, True) or b"")
    head = FRAGMENT_HEAD.pack(len(command) + 2, 1, 0x03)
    return HEAD.pack(P_DATA, len(head) + len(command)) + head + command


def half_of(content: bytes) -> bytes:
    part = content[:60_000]
    head = FRAGMENT_HEAD.pack(len(part) + 2, 1, 0x00)
    return HEAD.pack(P_DATA, len(head) + len(part)) + head + part
