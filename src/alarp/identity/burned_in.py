"""May text that names the patient be drawn into the picture itself? A suspicion from the header, never a clearance.

Burned In Annotation (0028,0301) is believed when it warns and not when it reassures: ultrasound machines write
NO over a name, and most scanners write nothing at all (PS3.15 E.3.1 leaves the judgement to a look at the pixels).
"""

from __future__ import annotations

from alarp.identity.header import Header

_STORAGE = "1.2.840.10008.5.1.4.1.1."
_DRAWN_UPON = {
    "an ultrasound image": ("3", "3.1", "6", "6.1", "6.2"),
    "a secondary capture": ("7", "7.1", "7.2", "7.3", "7.4"),
    "an angiography or fluoroscopy image": ("12.1", "12.1.1", "12.2", "12.2.1", "12.3"),
    "a photograph or endoscopy": tuple(
        f"77.1.{n}" for n in ("1", "1.1", "2", "2.1", "3", "4", "4.1", "5.1", "5.2", "5.4", "5.5", "5.6", "7")
    ),
    "a picture of a slide, with its label": ("77.1.6", "77.1.8", "77.1.9"),
    "an encapsulated document": tuple(f"104.{n}" for n in range(1, 6)),
}
_KIND = {_STORAGE + number: kind for kind, numbers in _DRAWN_UPON.items() for number in numbers}
_MODALITIES = {
    "US": "an ultrasound image",
    "IVUS": "an ultrasound image",
    "XA": "an angiography or fluoroscopy image",
    "RF": "an angiography or fluoroscopy image",
    "SC": "a secondary capture",
    "ES": "a photograph or endoscopy",
    "XC": "a photograph or endoscopy",
    "OP": "a photograph or endoscopy",
    "DMS": "a photograph or endoscopy",
    "SM": "a picture of a slide, with its label",
    "GM": "a picture of a slide, with its label",
    "DOC": "an encapsulated document",
}
_SCREENS = ("SCREEN", "DOSE_INFO", "CAPTURE")


def suspicion(header: Header) -> str:
    """Why might this object's pixels carry text? Empty: nothing in the header says so.

    Suspected are whole kinds of object that machines draw text into (ultrasound, secondary capture, angiography and
    fluoroscopy, photographs, encapsulated documents), pictures of screens by their Image Type (0008,0008), and
    whatever says anything but NO in Burned In Annotation.
    """
    if header.burned_in not in ("", "NO"):
        return "its header says that text is burned into the pixels"
    kind = _KIND.get(header.sop_class_uid) or _MODALITIES.get(header.modality.upper())
    if kind:
        return f"it is {kind}, and machines write names into those"
    if any(mark in value.upper() for value in header.image_type for mark in _SCREENS):
        return "it is a picture of a screen"
    return ""
