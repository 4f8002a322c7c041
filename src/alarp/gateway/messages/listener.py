"""Who brings a message, may they, and is it safe here? The MLLP listener.

A sender hears AA only when the message, and what follows from it, is durable. When it cannot be kept (disk,
database) nothing is answered and the connection ends, so that the sender sends it again; an AE would make it
go on to the next. Nothing of a message is ever logged: only its size, its fate and the sender's address.
"""

from __future__ import annotations

import logging
import socket
import socketserver
import ssl
import sys
import threading
import time
from contextlib import suppress

from django.db import DatabaseError, close_old_connections, connections, transaction

from alarp.gateway import securing
from alarp.gateway.messages import correspondents
from alarp.gateway.messages.framing import BrokenFrame, Frames, framed
from alarp.gateway.receiving import check_space
from alarp.gateway.securing import Certificate
from alarp.kernel import AlarpError
from alarp.records import clock
from alarp.records.audit import commands as audit
from alarp.records.configuration import configuration
from alarp.records.ledger.models import Peer
from alarp.records.messages import commands
from alarp.records.messages.models import Message
from alarp.records.messages.reading.hl7v2 import WishField
from alarp.records.messages.reading.segments import Header, header_of

LOG = logging.getLogger("alarp.gateway.messages")
MOST_CONNECTIONS = 64
MOST_PER_ADDRESS = 16
MESSAGE_WITHIN_S = 30.0  # from its first byte to its last
IDLE_FOR_S = 3600.0  # interfaces keep their connection for hours; TCP keep-alive finds the dead
SAME_REFUSAL_AGAIN_S = 60.0
MOST_REFUSALS_TOLD = 20  # of one address within that time: who makes up names fills no audit trail
MOST_ADDRESSES = 1000
CHUNK = 64 * 1024


class Listener:
    """One MLLP server: its senders, its connections, its life."""

    def __init__(self) -> None:
        settings = configuration()
        self.senders = correspondents.senders()
        # A setting that cannot be read must not wait for the first message or the first finding.
        WishField.read(settings.hl7_opt_out)
        correspondents.receiver()
        self.secured = _secured()
        self.most_bytes = settings.hl7_most_kb * 1024
        self._refused: dict[str, dict[str, float]] = {}
        self._open: dict[str, int] = {}
        self._lock = threading.Lock()
        self._server: _Server | None = None

    def start(self) -> int:
        """Listen; answers the port."""
        settings = configuration()
        self._server = _Server((settings.hl7_host, settings.hl7_port), self)
        return int(self._server.server_address[1])

    def serve(self) -> None:
        """Answer until `stop` is called."""
        assert self._server is not None
        self._server.serve_forever(poll_interval=0.5)

    def stop(self) -> None:
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()

    def enters(self, address: str) -> bool:
        """May somebody at this address have a connection now? Counted until it `leaves`."""
        if not any(sender.may_call_from(address) for sender in self.senders):
            self.refuse(address, "", "nobody known sends from there")
            return False
        with self._lock:
            own, every = self._open.get(address, 0), sum(self._open.values())
            if own >= MOST_PER_ADDRESS or every >= MOST_CONNECTIONS:
                LOG.warning("connection refused: %d from %s, %d in all", own, address, every)
                return False
            self._open[address] = own + 1
        return True

    def leaves(self, address: str) -> None:
        with self._lock:
            self._open[address] -= 1
            if not self._open[address]:
                del self._open[address]

    def sender_of(
        self, header: Header, address: str, shown: Certificate | None
    ) -> correspondents.Sender | str:
        """Which sender says this from there? Or why it may not."""
        named = [one for one in self.senders if one.name == header.sender and one.may_call_from(address)]
        if not named:
            return "unknown sender"
        its_own = "its certificate is not this sender's"
        return next((one for one in named if one.is_shown_by(shown)), its_own)

    def refuse(self, address: str, claimed: str, why: str) -> None:
        """Somebody who is not known tried: an event of the audit trail, once a minute for each name."""
        now = time.monotonic()
        with self._lock:
            told = self._refused.get(address, {})
            recent = {name: at for name, at in told.items() if now - at < SAME_REFUSAL_AGAIN_S}
            if claimed in recent or len(recent) >= MOST_REFUSALS_TOLD:
                return
            if len(self._refused) > MOST_ADDRESSES:
                self._refused.clear()
            self._refused[address] = recent | {claimed: now}
        LOG.warning("message sender refused: %r from %s, %s", claimed, address, why)
        with transaction.atomic():
            audit.record("messages", "message sender refused", f"sender {claimed}", address=address, why=why)


def _secured() -> ssl.SSLContext | None:
    """The TLS of those who call, where the settings ask for it."""
    secured = configuration().hl7_secured
    return securing.server_context(everybody_shows=secured == Peer.MUTUAL_TLS) if secured else None


class _Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True
    request_queue_size = 64

    def __init__(self, address: tuple[str, int], listener: Listener) -> None:
        self.listener = listener
        if ":" in address[0]:
            self.address_family = socket.AF_INET6
        super().__init__(address, _Connection)

    def handle_error(self, request: object, client_address: object) -> None:
        """What went wrong in one connection ends that connection; its message may hold what was read."""
        LOG.error("a connection failed (%s)", type(sys.exception()).__name__)


class _Connection(socketserver.BaseRequestHandler):
    """One sender's connection: one message after the other, each answered before the next is read."""

    server: _Server
    request: socket.socket

    def handle(self) -> None:
        listener, address = self.server.listener, self.client_address[0].partition("%")[0]
        try:
            close_old_connections()
            if not listener.enters(address):
                return
            try:
                self.request.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                self.request.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
                if listener.secured is not None and not self._shake_hands(
                    listener, listener.secured, address
                ):
                    return
                self._converse(listener, address)
            finally:
                listener.leaves(address)
                with suppress(OSError):
                    self.request.close()  # under TLS it is another socket than the one that the server closes
        except BrokenFrame as trouble:
            LOG.warning("connection from %s ended: %s", address, trouble)
        except TimeoutError:
            LOG.warning("connection from %s ended: silent for too long", address)
        except OSError as trouble:
            LOG.info("connection from %s ended (%s)", address, type(trouble).__name__)
        except (AlarpError, DatabaseError) as trouble:
            said = str(trouble) if isinstance(trouble, AlarpError) else type(trouble).__name__
            LOG.error("a message was not kept and not answered: %s", said)
        finally:
            connections.close_all()

    def _shake_hands(self, listener: Listener, context: ssl.SSLContext, address: str) -> bool:
        self.request.settimeout(securing.HANDSHAKE_S)
        try:
            self.request = context.wrap_socket(self.request, server_side=True)
        except ssl.SSLError as trouble:
            listener.refuse(address, "", f"no TLS with it ({trouble.reason or type(trouble).__name__})")
            return False
        return True

    def _converse(self, listener: Listener, address: str) -> None:
        frames = Frames(listener.most_bytes)
        ends_at = time.monotonic() + IDLE_FOR_S
        while data := self._received(ends_at):
            begun = frames.begun
            messages = frames.feed(data)
            for message in messages:
                self._send(self._answer(listener, address, message))
            if messages or not begun or not frames.begun:
                ends_at = time.monotonic() + (MESSAGE_WITHIN_S if frames.begun else IDLE_FOR_S)

    def _received(self, ends_at: float) -> bytes:
        left_s = ends_at - time.monotonic()
        if left_s <= 0:
            raise TimeoutError
        self.request.settimeout(left_s)
        return self.request.recv(CHUNK)

    def _send(self, answer: bytes) -> None:
        self.request.settimeout(MESSAGE_WITHIN_S)
        self.request.sendall(framed(answer))

    def _answer(self, listener: Listener, address: str, data: bytes) -> bytes:
        close_old_connections()
        header = header_of(data)
        if header is None:
            return _no_header("The message does not begin with a usable MSH segment.")
        sender = listener.sender_of(header, address, securing.shown(self.request))
        if isinstance(sender, str):
            listener.refuse(address, header.sender[:60], sender)
            verdict = commands.Verdict(Message.REFUSED, "This sender is not known here.", 207)
            return _bytes(commands.acknowledgement(header, verdict, number="ACK0", at=clock.now()))
        check_space()
        return _bytes(commands.receive_hl7(data, header, issuer=sender.issuer).answer)


def _bytes(answer: str) -> bytes:
    return answer.encode("latin-1", "replace")  # the header's bytes go back as they came


def _no_header(sentence: str) -> bytes:
    """An answer to something that is no message: nobody is addressed, nothing is kept (HL7 v2.5.1 ch. 2.9.2.1)."""
    stamp = f"{clock.now():%Y%m%d%H%M%S}+0000"
    return (
        f"MSH|^~\\&|ALARP||||{stamp}||ACK|ACK0|P|2.5.1\rMSA|AR||{sentence}\r"
        f"ERR|||100^Segment sequence error^HL70357|E||||{sentence}\r"
    ).encode("ascii")


def serve_quietly(listener: Listener) -> None:
    """Serve until stopped; a socket that was closed under it is no fault."""
    with suppress(OSError):
        listener.serve()
