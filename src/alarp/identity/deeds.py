"""What is done with one attribute? The one decision that both ways of writing (by bytes, by data set) carry out."""

from __future__ import annotations

from enum import IntEnum

from pydicom.datadict import dictionary_has_tag, dictionary_keyword, dictionary_VR, repeater_has_tag

from alarp.identity.profile import CLEAN, KEEP, RETAIN_UIDS, SHIFT, Profile
from alarp.identity.structure import PIXEL_DATA

ACCESSION = 0x00080050
EQUIPMENT = frozenset({0x00080070, 0x00081090, 0x00181020})  # a patient may be called as a manufacturer is
TEXT = frozenset({"AE", "CS", "LO", "LT", "PN", "SH", "ST", "UC", "UT"})

_CLASS_LIKE = (
    "SOPClass",
    "GeneralSOPClass",
    "TransferSyntax",
    "CodingScheme",
    "ContextUID",
    "MappingResource",
)
_ALWAYS_GONE = frozenset(
    {0x04000500, 0x4FFE0001}
)  # encrypted attributes; MAC parameters of a removed signature
_UNLISTED_GONE = frozenset({"PN", "DA", "DT", "TM", "AE", "LT", "ST", "UT", "UR", "UN"})
_CLEANABLE = frozenset({"LO", "LT", "SH", "ST", "UC", "UT"})
_CODES = frozenset({0x00080100, 0x00080102, 0x00080103, 0x00080119})  # value, scheme and version of a code


class Deed(IntEnum):
    """What happens to one element. The words stand in the manifest of a send."""

    KEPT = 0
    REMOVED = 1
    EMPTIED = 2
    REPLACED = 3
    """A value that says nothing stands in its place."""
    UIDS_MAPPED = 4
    DATES_MOVED = 5
    ACCESSION_MAPPED = 6
    TITLE_MAPPED = 7
    """An application entity title got a keyed name."""
    CHECKED = 8
    """Kept unless the patient's own name or number stands in it."""
    CLEANED = 9
    """Only the words that are known to be safe stay."""
    WALKED = 10
    """A sequence: its items are treated."""
    WALKED_STRICTLY = 11
    """A sequence whose every text is replaced."""
    WALKED_CLEANING = 12
    """A sequence whose every text is cleaned."""
    PRIVATE = 13
    """A private element: the list of safe ones decides, with the creator of its block."""
    NOT_POSSIBLE = 14
    """The element is not what its tag promises: nobody guesses."""


class Depth(IntEnum):
    """Where does an element stand, and how strict is the sequence around it?"""

    TOP = 0
    NESTED = 1
    STRICT = 2
    CLEANING = 3


DEEPER = {
    Deed.WALKED_STRICTLY: Depth.STRICT,
    Deed.WALKED_CLEANING: Depth.CLEANING,
}
"""How deep one stands inside a walked sequence; WALKED itself keeps what was, but never the top."""


def below(deed: Deed, depth: Depth) -> Depth:
    """How strict are the items of a sequence that is treated like this? A strict one never grows milder within."""
    if depth == Depth.STRICT:
        return depth
    return DEEPER.get(deed, max(depth, Depth.NESTED))


def decide(profile: Profile, tag: int, vr: str, sop_class_uid: str, depth: Depth) -> Deed:
    """What is done with this element under the profile?

    `vr` is the declared one, or UN where none is known. Stricter than the table: unknown attributes, group
    lengths, and unlisted person names, dates, times, free text and addresses go; see `deidentify`.
    """
    if tag >> 16 & 1:
        return Deed.PRIVATE if profile.safe_private.attributes else Deed.REMOVED
    if tag & 0xFFFF == 0 or tag >> 16 <= 0x0004 or tag in _ALWAYS_GONE:
        return Deed.REMOVED
    if not (dictionary_has_tag(tag) or repeater_has_tag(tag)):
        return Deed.REMOVED
    meant = vr if vr != "UN" else dictionary_VR(tag)[:2]
    action = profile.resolved(tag, sop_class_uid, nested=depth != Depth.TOP)
    if action is None:
        return _unlisted(profile, tag, vr, meant, depth)
    deed = _listed(action, tag, meant, depth)
    if deed is None:
        basic = profile.resolved_without_options(tag, sop_class_uid, nested=depth != Depth.TOP)
        deed = _listed(basic, tag, meant, depth)
    return Deed.REMOVED if deed is None else deed


def instead(profile: Profile, tag: int, vr: str, sop_class_uid: str, depth: Depth) -> Deed:
    """What is done with a text of which no word was safe? What the table asks for without the option."""
    if profile.action(tag) is None:
        return Deed.REPLACED
    basic = profile.resolved_without_options(tag, sop_class_uid, nested=depth != Depth.TOP)
    return _listed(basic, tag, vr, Depth.STRICT) or Deed.REMOVED


def _listed(action: str, tag: int, vr: str, depth: Depth) -> Deed | None:
    """What the letter means for this VR; None where an option cannot be carried out on it."""
    if action == "X":
        return Deed.REMOVED
    if tag == ACCESSION:
        return Deed.ACCESSION_MAPPED
    if action == KEEP:
        return Deed.WALKED if vr == "SQ" else Deed.CHECKED if vr in TEXT else Deed.KEPT
    if action == SHIFT:
        return {"DA": Deed.DATES_MOVED, "DT": Deed.DATES_MOVED, "TM": Deed.KEPT, "SH": Deed.CHECKED}.get(vr)
    if action == CLEAN:
        if depth == Depth.STRICT:
            return None
        if vr == "AE":
            return Deed.TITLE_MAPPED
        return Deed.WALKED_CLEANING if vr == "SQ" else Deed.CLEANED if vr in _CLEANABLE else None
    if action == "U" and vr == "SQ":
        return Deed.WALKED_STRICTLY
    if vr == "UI":
        return Deed.UIDS_MAPPED
    if action == "U":
        return Deed.NOT_POSSIBLE
    if action == "Z":
        return Deed.EMPTIED
    return Deed.WALKED_STRICTLY if vr == "SQ" else Deed.REPLACED


def _unlisted(profile: Profile, tag: int, declared: str, vr: str, depth: Depth) -> Deed:
    if tag in PIXEL_DATA:
        return Deed.KEPT
    if vr == "SQ":
        return Deed.WALKED
    if vr == "UI":
        kept = RETAIN_UIDS in profile.options or _names_a_class(tag)
        return Deed.KEPT if kept else Deed.UIDS_MAPPED
    if vr in _UNLISTED_GONE or declared == "UN":
        if declared != "UN" and depth == Depth.CLEANING and vr in _CLEANABLE:
            return Deed.CLEANED
        return Deed.REPLACED if depth == Depth.STRICT and declared != "UN" else Deed.REMOVED
    if vr not in TEXT or vr == "CS":
        return Deed.KEPT
    if depth == Depth.STRICT:
        return Deed.REPLACED
    if depth == Depth.CLEANING and tag not in _CODES:
        return Deed.CLEANED
    return Deed.KEPT if tag in EQUIPMENT else Deed.CHECKED


def _names_a_class(tag: int) -> bool:
    """Does this UID name a class of things, which identifies nobody?"""
    try:
        keyword = dictionary_keyword(tag)
    except KeyError:
        return False
    return any(part in keyword for part in _CLASS_LIKE) and "Instance" not in keyword.replace(
        "StoredInstanceTransfer", ""
    )
