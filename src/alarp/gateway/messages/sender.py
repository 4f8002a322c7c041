"""Has the other side taken our message? The MLLP client: one message, one acknowledgement.

No answer, or one that cannot be read, is a fault that passes: the same message is sent again under the same control
id. AE or AR is an answer about the content: sending it again will not help. What the other side writes beside its
code may name a patient, so only codes are told on.
"""

from __future__ import annotations

import re
import socket
import time

from alarp.gateway import securing
from alarp.gateway.messages.correspondents import Receiver
from alarp.gateway.messages.framing import BrokenFrame, Frames, framed
from alarp.kernel import AlarpError, Phase, Unavailable
from alarp.records.configuration import configuration
from alarp.records.messages.reading.segments import header_of

LARGEST_ANSWER = 64 * 1024
TAKEN, REJECTED = frozenset({"AA", "CA"}), frozenset({"AE", "AR", "CE", "CR"})


class Rejected(AlarpError):
    """The receiver understood and will not have this message."""


def send(receiver: Receiver, message: bytes, control_id: str) -> None:
    """Hand over one message. Returns when it was acknowledged; otherwise Rejected or Unavailable."""
    wait_s = configuration().peer_timeout_s
    with _reached(receiver, wait_s) as link:
        try:
            link.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            link.sendall(framed(message))
            code = _acknowledgement(link, control_id, time.monotonic() + wait_s)
        except (OSError, BrokenFrame) as error:
            raise _away(receiver, f"gave no answer ({type(error).__name__})", Phase.FILE) from None
    if code in REJECTED:
        raise Rejected(f"{receiver.application} rejects the message (acknowledgement {code}).")
    if code not in TAKEN:
        raise _away(receiver, "gave no answer to this message", Phase.FILE)


def _reached(receiver: Receiver, wait_s: float) -> socket.socket:
    """A connection to it, secured as the settings say. Raises Unavailable (connect), also when it is somebody else."""
    link = None
    try:
        link = socket.create_connection((receiver.host, receiver.port), timeout=wait_s)
        if not receiver.secured:
            return link
        context = securing.user_context(receiver)
        link = context.wrap_socket(link, server_hostname=receiver.host)
        securing.check_peer(securing.shown(link), receiver)
    except (OSError, AlarpError) as error:
        if link is not None:
            link.close()
        if isinstance(error, AlarpError):
            raise
        raise _away(receiver, f"cannot be reached ({type(error).__name__})", Phase.CONNECT) from None
    return link


def _away(receiver: Receiver, what: str, phase: Phase) -> Unavailable:
    return Unavailable(f"{receiver.application} {what}; tried again later.", phase=phase.value)


def _acknowledgement(link: socket.socket, control_id: str, until: float) -> str:
    """The code (MSA-1) of the answer to this message; answers to others are passed over. Empty: the end came first."""
    frames = Frames(LARGEST_ANSWER)
    while (left_s := until - time.monotonic()) > 0:
        link.settimeout(left_s)
        data = link.recv(4096)
        if not data:
            return ""
        for answer in frames.feed(data):
            code, number = _msa(answer)
            if number == control_id:
                return code
    return ""


def _msa(answer: bytes) -> tuple[str, str]:
    """MSA-1 and MSA-2."""
    header = header_of(answer)
    if header is None:
        return "", ""
    for line in re.split(r"[\r\n]+", answer.decode("latin-1")):
        name, *rest = line.split(header.delimiters.field)
        if name == "MSA" and len(rest) > 1:
            return rest[0].strip(), rest[1].strip()
    return "", ""
