"""A network that breaks: a TCP proxy that cuts a connection in the middle of what it carries, either way."""

from __future__ import annotations

import contextlib
import socket
import struct
import threading
from dataclasses import dataclass

BLOCK = 1024


@dataclass(frozen=True)
class Cut:
    """When this many bytes went there: break (`there`), or let the other side finish and swallow its answer (`back`)."""

    direction: str
    after: int


class Proxy:
    """Carries everything to a port of this machine; each cut is made once, by the first connection that comes to it."""

    def __init__(self, target: int, cuts: list[Cut]) -> None:
        self.target, self.cuts = target, list(cuts)
        self._lock = threading.Lock()
        self._entrance = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._entrance.getsockname()[1])
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                near, _ = self._entrance.accept()
                threading.Thread(target=self._carry, args=(near,), daemon=True).start()

    def _carry(self, near: socket.socket) -> None:
        try:
            far = socket.create_connection(("127.0.0.1", self.target))
        except OSError:
            near.close()
            return
        went = [0]
        back = threading.Thread(target=self._pump, args=("back", far, near, went), daemon=True)
        back.start()
        self._pump("there", near, far, went)
        back.join()
        for end in (near, far):
            end.close()

    def _pump(self, direction: str, source: socket.socket, target: socket.socket, went: list[int]) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(BLOCK):
                if self._is_cut(direction, went[0]):
                    break
                target.sendall(data)
                went[0] += len(data) if direction == "there" else 0
        for end in (source, target):  # at once, and the other side hears it
            with contextlib.suppress(OSError):
                end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                end.shutdown(socket.SHUT_RDWR)

    def _is_cut(self, direction: str, went: int) -> bool:
        with self._lock:
            if not self.cuts or self.cuts[0].direction != direction or went < self.cuts[0].after:
                return False
            self.cuts.pop(0)
            return True

    def close(self) -> None:
        self._entrance.close()
