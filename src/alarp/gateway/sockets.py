"""How do bytes come in quickly? No delayed acknowledgements, several processes on one port, large reads."""

from __future__ import annotations

import socket
from typing import Any

from pynetdicom import evt
from pynetdicom.transport import AssociationSocket, ThreadedAssociationServer


def no_delay(event: evt.Event) -> None:
    """Send each answer at once: Nagle's algorithm and delayed acknowledgement cost 40 ms an image otherwise."""
    connection = event.assoc.dul.socket.socket
    if connection is not None:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)


def recv_exactly(self: AssociationSocket, nr_bytes: int) -> bytearray:
    """Read this many bytes, as many at a time as there are (the library reads 4096 at a time)."""
    buffer = bytearray(nr_bytes)
    view, have = memoryview(buffer), 0
    while have < nr_bytes:
        got = self.socket.recv_into(view[have:])  # type: ignore[union-attr]
        if not got:
            view.release()
            del buffer[have:]
            return buffer
        have += got
    view.release()
    return buffer


AssociationSocket.recv = recv_exactly  # type: ignore[method-assign]


class SharedPortServer(ThreadedAssociationServer):
    """A server that lets other processes listen on the same port; the kernel shares the callers out."""

    request_queue_size = 64

    def server_bind(self) -> None:
        sock: Any = self.socket
        if hasattr(socket, "SO_REUSEPORT"):
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        super().server_bind()
