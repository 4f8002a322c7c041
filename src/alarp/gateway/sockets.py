"""How do bytes come in quickly? No delayed acknowledgements, several processes on one socket, large reads."""

from __future__ import annotations

import logging
import socket
import socketserver
import sys
import threading
import time
from collections.abc import Callable, Sequence
from typing import Any

from pynetdicom import evt
from pynetdicom.transport import AssociationSocket, ThreadedAssociationServer

CALLERS_WAITING = 64
DRAIN_S = 10.0
YIELD_S = 0.002
HANDSHAKE_S = 10.0
LOG = logging.getLogger("alarp.gateway.sockets")


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


def listen_on(host: str, port: int) -> socket.socket:
    """A socket that listens; processes started from here share its callers. Another gateway may listen there too."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    found = socket.socket(family, socket.SOCK_STREAM)
    found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if hasattr(socket, "SO_REUSEPORT"):
        found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    found.bind((host, port))
    found.listen(CALLERS_WAITING)
    found.setblocking(False)  # whoever comes second finds nobody there and goes on
    return found


def _told(address: str, error: BaseException | None) -> None:
    LOG.warning("a connection from %s came to nothing (%s)", address, type(error).__name__)


class SharedSocketServer(ThreadedAssociationServer):
    """A server on a socket that listens already and that other processes may serve as well."""

    shared: socket.socket
    ending: threading.Event
    on_failure: Callable[[str, BaseException | None], None] = staticmethod(_told)

    def server_bind(self) -> None:
        sock: Any = self.socket
        sock.close()
        self.socket = self.shared.dup()
        self.socket.setblocking(False)
        self.server_address = self.socket.getsockname()
        self.ending = threading.Event()

    def server_activate(self) -> None:
        """It listens already."""

    def get_request(self) -> tuple[socket.socket, Any]:
        """Whoever has associations already lets an idler process take the next caller."""
        time.sleep(YIELD_S * len(self.active_associations))
        found: tuple[socket.socket, Any] = self.socket.accept()
        return found

    def finish_request(self, request: Any, client_address: Any) -> None:
        """In the caller's own thread: over TLS, hands are shaken first, so that who dawdles keeps nobody waiting."""
        if self.ssl_context is not None:
            request.settimeout(HANDSHAKE_S)
            request = self.ssl_context.wrap_socket(request, server_side=True)
            request.settimeout(self.ae.network_timeout)
        super().finish_request(request, client_address)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A connection that came to nothing is told in a line, not in a traceback."""
        self.on_failure(str(client_address[0]), sys.exc_info()[1])

    def shutdown(self) -> None:
        """End the loop; the library's own way also strikes the server from a list that holds only what it started."""
        socketserver.BaseServer.shutdown(self)
        self.server_close()

    def server_close(self) -> None:
        """Close this process's handle; the socket lives on with the others."""
        self.socket.close()


def server_of(
    shared: socket.socket, on_failure: Callable[[str, BaseException | None], None] = _told
) -> type[SharedSocketServer]:
    """The class of a server on this socket (the library wants a class, and binds in its constructor).

    `on_failure` hears of a connection that never became an association: from where, and what was wrong.
    """
    made = {"shared": shared, "on_failure": staticmethod(on_failure)}
    return type("SharedSocketServer", (SharedSocketServer,), made)


def serve(servers: Sequence[SharedSocketServer]) -> None:
    """Answer on all of these until the first is told to end; then let those who are sending come to their end."""
    threads = [
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.5}) for server in servers
    ]
    for thread in threads:
        thread.start()
    servers[0].ending.wait()
    for server in servers:
        server.shutdown()
    for thread in threads:
        thread.join()
    running = [one for server in servers for one in server.active_associations]
    end = time.monotonic() + DRAIN_S
    for association in running:
        association.join(timeout=max(0.0, end - time.monotonic()))
        if association.is_alive():
            association.abort()
