"""A radiology information system that listens over MLLP, and something to tell it of."""

from __future__ import annotations

import socket
import ssl
import threading

import hl7

from alarp.gateway.messages.framing import Frames, framed

SET_UP = """
from django.utils import timezone
from alarp.records.ledger import work
now = timezone.now()
scanner = Peer.objects.get(aet="SCANNER")
def result(number, name="EXAMPLE^ANNE", lines=None):
    study = Study.objects.create(study_uid=f"1.2.{number}", patient_id=f"H|{number}", issuer="NORTH", nhs_number="9434765919",
        patient_name=name, birth_date="19500101", sex="F", accession=f"A{number}", modality="CR", peer=scanner,
        first_received_at=now, last_received_at=now)
    instance = Instance.objects.create(study=study, direction="result", peer=scanner, sop_uid=f"1.9.{number}", modality="SR",
        sha256=str(number) * 64, size_bytes=1, received_at=now)
    dispatch = Dispatch.objects.create(study=study, deployment=Deployment.objects.get(), state="returned", phase="match",
        created_at=now, changed_at=now, sent_at=now, due_at=now, route_when_sent="live")
    made = Result.objects.create(instance=instance, dispatch=dispatch, modality="SR", state="filing", restored_sha256="b" * 64,
        summary={"lines": lines or []}, matched_at=now)
    work.ask("tell-ris", f"1:{made.pk}", {"result": made.pk})
    return made.pk
"""


class Ris:
    """A RIS that keeps what it hears and answers each message as it was told to; `None`: it hangs up instead."""

    def __init__(self, secured: ssl.SSLContext | None = None) -> None:
        self._secured = secured
        self.refused = 0
        self.heard: list[bytes] = []
        self.says: list[str | None] = []
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port = self._socket.getsockname()[1]
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            try:
                link, _ = self._socket.accept()
            except OSError:
                return
            try:
                link = self._secured.wrap_socket(link, server_side=True) if self._secured else link
            except OSError:  # whoever calls did not show what is asked for, or did not like what it saw
                self.refused += 1
                link.close()
                continue
            with link:
                frames = Frames(100_000)
                found: list[bytes] = []
                while not found and (data := link.recv(4096)):
                    found = frames.feed(data)
                for one in found:
                    self.heard.append(one)
                    code = self.says.pop(0) if self.says else "AA"
                    if code:
                        number = hl7.parse(one.decode())["MSH"][0][10][0]
                        other = "MSH|^~\\&|RIS|N|ALARP|N|||ACK|0|P|2.4\rMSA|AA|SOMETHING-ELSE\r"
                        mine = f"MSH|^~\\&|RIS|N|ALARP|N|||ACK|1|P|2.4\rMSA|{code}|{number}|EXAMPLE^ANNE\r"
                        link.sendall(framed(other.encode()) + framed(mine.encode()))

    def close(self) -> None:
        self._socket.close()
