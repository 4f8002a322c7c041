"""Where does a message begin and end on the wire? MLLP release 1 (HL7 v2 transport): VT, content, FS, CR. Pure."""

from __future__ import annotations

VT, FS, CR, LF = 0x0B, 0x1C, 0x0D, 0x0A


class BrokenFrame(Exception):
    """What comes is not MLLP, or more than is taken: there is no telling where the next message begins."""


def framed(content: bytes) -> bytes:
    """A message as it goes over the wire."""
    return bytes([VT]) + content + bytes([FS, CR])


class Frames:
    """Bytes in, whole messages out, however the network cuts them; holds at most one message and what follows it."""

    def __init__(self, most_bytes: int) -> None:
        self._most_bytes = most_bytes
        self._held = bytearray()
        self._searched = 0

    @property
    def begun(self) -> bool:
        """Is a message under way that has not ended?"""
        return bool(self._held)

    def feed(self, data: bytes) -> list[bytes]:
        """Which messages are complete now? Raises BrokenFrame; the connection is of no use then."""
        self._held += data
        found: list[bytes] = []
        while (one := self._next()) is not None:
            found.append(one)
        return found

    def _next(self) -> bytes | None:
        blank = 0
        while blank < len(self._held) and self._held[blank] in (CR, LF):
            blank += 1  # some senders part their frames with line ends
        if blank:
            del self._held[:blank]
        if not self._held:
            return None
        if self._held[0] != VT:
            raise BrokenFrame("something came before the start block (VT)")
        end = self._held.find(FS, max(1, self._searched))
        if end < 0 or end + 1 >= len(self._held):
            self._searched = len(self._held) if end < 0 else end
            if len(self._held) > self._most_bytes + 2:
                raise BrokenFrame(f"the message is larger than {self._most_bytes} bytes")
            return None
        if self._held[end + 1] != CR:
            raise BrokenFrame("the end block (FS) is not followed by CR")
        if end - 1 > self._most_bytes:
            raise BrokenFrame(f"the message is larger than {self._most_bytes} bytes")
        content = bytes(self._held[1:end])
        del self._held[: end + 2]
        self._searched = 0
        return content
