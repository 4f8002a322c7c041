"""What stands before the data set of a plain object, and what do we put there? Preamble and file meta (PS3.10 7.1)."""

from __future__ import annotations

from alarp.identity.explicit import LONG, SHORT, NotPlain, element, even, read_head, read_length, text_of
from alarp.identity.objects import IMPLEMENTATION_CLASS_UID, IMPLEMENTATION_VERSION_NAME
from alarp.identity.structure import EXPLICIT_LITTLE

COMPRESSED = ("1.2.840.10008.1.2.4.", "1.2.840.10008.1.2.5")
_DEFLATED = frozenset({"1.2.840.10008.1.2.4.95", "1.2.840.10008.1.2.4.205"})
_SOP_CLASS, _SOP_INSTANCE, _SYNTAX = 0x0002, 0x0003, 0x0010  # of group 0002


def read_file_meta(head: bytes) -> tuple[str, str, int]:
    """Which transfer syntax and SOP class does the file meta name, and where does the data set begin?

    Raises NotPlain where there is none, and for a transfer syntax that is not explicit little endian.
    """
    found, position = _uids(head)
    syntax = found.get(_SYNTAX, "")
    plain = syntax == EXPLICIT_LITTLE or (syntax.startswith(COMPRESSED) and syntax not in _DEFLATED)
    if not plain:
        raise NotPlain
    return syntax, found.get(_SOP_CLASS, ""), position


def read_names(head: bytes) -> tuple[str, str, str]:
    """Which SOP class, SOP instance and transfer syntax does the file meta name?

    Raises NotPlain where it does not name all three, or does not end within these bytes.
    """
    found, position = _uids(head)
    if len(found) < 3 or position > len(head):
        raise NotPlain
    return found[_SOP_CLASS], found[_SOP_INSTANCE], found[_SYNTAX]


def _uids(head: bytes) -> tuple[dict[int, str], int]:
    """The UIDs of the file meta by their element numbers, and where the data set begins."""
    if head[128:132] != b"DICM":
        raise NotPlain
    position, found = 132, dict[int, str]()
    while head[position : position + 2] == b"\x02\x00":
        if position + 12 > len(head):
            raise NotPlain
        _, number, vr, length = read_head(head, position)
        start = position + 8
        if vr in LONG:
            (length,) = read_length(head, start)
            start += 4
        elif vr not in SHORT:
            raise NotPlain
        if number in (_SOP_CLASS, _SOP_INSTANCE, _SYNTAX):
            found[number] = text_of(head[start : start + length])
        position = start + length
    return found, position


def file_meta(sop_class: str, sop_uid: str, syntax: str) -> bytes:
    """An empty preamble and a file meta of our own: nothing of the source's is copied."""
    elements = [
        element(0x00020001, b"OB", b"\0\1"),
        element(0x00020002, b"UI", even(sop_class.encode(), b"\0")),
        element(0x00020003, b"UI", even(sop_uid.encode(), b"\0")),
        element(0x00020010, b"UI", even(syntax.encode(), b"\0")),
        element(0x00020012, b"UI", even(IMPLEMENTATION_CLASS_UID.encode(), b"\0")),
        element(0x00020013, b"SH", even(IMPLEMENTATION_VERSION_NAME.encode(), b" ")),
    ]
    content = b"".join(elements)
    return b"\0" * 128 + b"DICM" + element(0x00020000, b"UL", len(content).to_bytes(4, "little")) + content
