"""Which kinds of object go to this deployment's tool, and which come back for the PACS? From its intended use."""

from __future__ import annotations

from dataclasses import dataclass

from alarp.records.deployments.models import Deployment

_STORAGE = "1.2.840.10008.5.1.4.1.1"
# SOP classes of PS3.4 table B.5-1, by the modality that a rule of the intended use names.
IMAGES: dict[str, tuple[str, ...]] = {
    "CR": (f"{_STORAGE}.1",),
    "DX": (f"{_STORAGE}.1.1",),
    "MG": (f"{_STORAGE}.1.2", f"{_STORAGE}.13.1.3"),
    "CT": (f"{_STORAGE}.2", f"{_STORAGE}.2.1"),
    "MR": (f"{_STORAGE}.4", f"{_STORAGE}.4.1"),
    "US": (f"{_STORAGE}.6.1", f"{_STORAGE}.3.1"),
    "NM": (f"{_STORAGE}.20",),
    "PT": (f"{_STORAGE}.128", f"{_STORAGE}.130"),
    "XA": (f"{_STORAGE}.12.1",),
    "RTSTRUCT": (f"{_STORAGE}.481.3",),
}
REPORTS = (f"{_STORAGE}.88.11", f"{_STORAGE}.88.22", f"{_STORAGE}.88.33", f"{_STORAGE}.88.34")
STRUCTURES, SEGMENTATION = (f"{_STORAGE}.481.3",), (f"{_STORAGE}.66.4",)

UNCOMPRESSED = {
    "1.2.840.10008.1.2": "Implicit Little Endian",
    "1.2.840.10008.1.2.1": "Explicit Little Endian",
}
SYNTAXES = UNCOMPRESSED | {
    "1.2.840.10008.1.2.4.70": "JPEG Lossless",
    "1.2.840.10008.1.2.4.80": "JPEG-LS Lossless",
    "1.2.840.10008.1.2.4.90": "JPEG 2000 Lossless",
}


@dataclass(frozen=True, slots=True)
class Offer:
    """Objects of one kind; `needed`: the route does not work when the other side takes none of them."""

    name: str
    classes: tuple[str, ...]
    needed: bool = True


def to_tool(deployment: Deployment) -> tuple[Offer, ...]:
    """The images that the intended use lets through; where it names no modality, CR, DX, CT and MR, not judged."""
    use = getattr(deployment.version, "intended_use", None)
    named = [str(word).upper() for word in (use.rules.get("modalities") or ())] if use else []
    known = [word for word in named if word in IMAGES]
    if not known:
        return tuple(Offer(f"{word} images", IMAGES[word], needed=False) for word in ("CR", "DX", "CT", "MR"))
    # A rule that names two modalities is met by either: a tool for films may take CR or DX.
    classes = tuple(sop for word in known for sop in IMAGES[word])
    return (Offer(f"{' or '.join(known)} images", classes),)


def to_pacs(deployment: Deployment) -> tuple[Offer, ...]:
    """What results are filed as: reports for a tool that detects, structures or segmentations for one that draws."""
    drawing = deployment.version.product.kind == "contouring"
    return (
        Offer("structured reports", REPORTS, needed=not drawing),
        Offer("structure sets", STRUCTURES, needed=drawing),
        Offer("segmentations", SEGMENTATION, needed=False),
    )
