"""The bytes that go out beside the library's state machine are those it would have sent, and every answer is heard."""

from __future__ import annotations

import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from pictures import files, series
from pydicom import dcmread
from pynetdicom import AE, _config, evt
from pynetdicom.presentation import build_context

from alarp.gateway import associations
from alarp.gateway.associations import Outgoing, Rejected
from alarp.gateway.receiving import messages
from alarp.kernel import Unavailable
from throwaway_postgres import free_port

PEER: Any = SimpleNamespace(aet="PEER", kind="pacs", enabled=True)


class Provider:
    """A C-STORE provider of the library, and what it received."""

    def __init__(self, answer: Callable[[evt.Event], int], *, most: int = 16382) -> None:
        self.objects: list[bytes] = []
        self._answer = answer
        entity = AE(ae_title="PEER")
        entity.maximum_pdu_size = most
        for context in associations_contexts():
            entity.add_supported_context(context.abstract_syntax, context.transfer_syntax)
        self._server = entity.start_server(
            ("127.0.0.1", 0), block=False, evt_handlers=[(evt.EVT_C_STORE, self._store)]
        )
        assert self._server is not None
        self.port = int(self._server.server_address[1])

    def _store(self, event: evt.Event) -> int:
        self.objects.append(event.request.DataSet.getvalue())
        return self._answer(event)

    def close(self) -> None:
        self._server.shutdown()


CT, EXPLICIT = "1.2.840.10008.5.1.4.1.1.2", "1.2.840.10008.1.2.1"


def associations_contexts() -> list[Any]:
    from pydicom.uid import AllTransferSyntaxes

    return [
        build_context(sop, syntax)
        for sop in (CT, "1.2.840.10008.5.1.4.1.1.1")
        for syntax in AllTransferSyntaxes
    ]


@pytest.fixture
def outgoing(tmp_path: Path) -> list[Outgoing]:
    return [Outgoing.of(file) for file in files(series(5), tmp_path / "images")]


@pytest.fixture
def provider(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Provider]:
    monkeypatch.setattr(_config, "STORE_RECV_CHUNKED_DATASET", False)
    made = Provider(**getattr(request, "param", {"answer": lambda event: 0}))
    yield made
    made.close()


def send(port: int, outgoing: list[Outgoing]) -> Any:
    """Every object by one association, and its release; answers the association as it was left."""
    link = AE(ae_title="ALARP").associate(
        "127.0.0.1", port, contexts=associations.contexts_for(outgoing), ae_title="PEER"
    )
    assert link.is_established
    link.dimse_timeout = 5
    try:
        for number, one in enumerate(outgoing):
            associations.store(link, PEER, one, number)
        return link
    finally:
        if link.is_established:
            link.release()


def data_set(file: Path) -> bytes:
    whole = file.read_bytes()
    return whole[144 + int.from_bytes(whole[140:144], "little") :]


@pytest.mark.need("G01")
@pytest.mark.parametrize(
    "provider",
    [{"answer": lambda event: 0, "most": most} for most in (0, 1024, 16382, 262144)],
    indirect=True,
    ids=["no limit", "small units", "usual units", "large units"],
)
def test_every_object_arrives_byte_for_byte_in_units_of_the_length_the_peer_takes(
    provider: Provider, outgoing: list[Outgoing]
) -> None:
    link = send(provider.port, outgoing)
    assert provider.objects == [data_set(one.file) for one in outgoing]
    assert link.is_released


@pytest.mark.parametrize(
    ("provider", "error"),
    [
        ({"answer": lambda event: 0xA900}, Rejected),
        ({"answer": lambda event: 0xC123}, Rejected),
        ({"answer": lambda event: 0xA700}, Unavailable),
        ({"answer": lambda event: event.assoc.abort() or 0}, Unavailable),
    ],
    indirect=["provider"],
    ids=["data set does not match", "cannot understand", "out of resources", "abort"],
)
def test_a_refusal_of_content_is_final_and_anything_else_is_tried_again(
    provider: Provider, outgoing: list[Outgoing], error: type[Exception]
) -> None:
    with pytest.raises(error):
        send(provider.port, outgoing)


def test_a_peer_that_falls_silent_gave_no_answer(outgoing: list[Outgoing], monkeypatch: Any) -> None:
    monkeypatch.setattr(_config, "STORE_RECV_CHUNKED_DATASET", False)
    silent = Provider(lambda event: time.sleep(3) or 0)
    try:
        link = AE(ae_title="ALARP").associate(
            "127.0.0.1", silent.port, contexts=associations.contexts_for(outgoing), ae_title="PEER"
        )
        link.dimse_timeout = 0.5
        with pytest.raises(Unavailable, match="may or may not"):
            associations.store(link, PEER, outgoing[0], 0)
        link.abort()
    finally:
        silent.close()


def test_the_request_is_the_library_s_byte_for_byte() -> None:
    from pynetdicom.dimse_messages import C_STORE_RQ
    from pynetdicom.dimse_primitives import C_STORE
    from pynetdicom.dsutils import encode

    asked = C_STORE()
    asked.MessageID, asked.Priority = 7, 0
    asked.AffectedSOPClassUID, asked.AffectedSOPInstanceUID = CT, "1.2.3.4"
    message = C_STORE_RQ()
    message.primitive_to_message(asked)
    message.command_set.CommandDataSetType = 1
    assert messages.store_command(CT, "1.2.3.4", 7) == encode(message.command_set, True, True)


@pytest.mark.need("G18")
def test_dcmtk_takes_a_large_object_and_goes_on_with_the_next(tmp_path: Path) -> None:
    """More than a block: eight megabytes, then a small one, by dcmtk's storescp."""
    images = series(2)
    images[0].Rows, images[0].Columns = 2048, 2048
    images[0].PixelData = bytes(2048 * 2048 * 2)
    outgoing = [Outgoing.of(file) for file in files(images, tmp_path / "images")]
    port, got = free_port(), tmp_path / "got"
    got.mkdir()
    program = shutil.which("storescp")
    assert program, "dcmtk is not installed"
    scp = subprocess.Popen([program, "-aet", "PEER", "-od", str(got), "+xa", str(port)])
    try:
        end = time.monotonic() + 20
        while time.monotonic() < end:
            try:
                send(port, outgoing)
                break
            except AssertionError:
                time.sleep(0.1)
        received = {str(dcmread(file).SOPInstanceUID): dcmread(file) for file in got.iterdir()}
    finally:
        scp.terminate()
        scp.wait(timeout=20)
    assert {uid: one.PixelData for uid, one in received.items()} == {
        str(one.SOPInstanceUID): one.PixelData for one in images
    }
