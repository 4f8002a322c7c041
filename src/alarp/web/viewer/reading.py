"""Which bytes lie behind a picture or a result? Read from the store, parsed once for each digest.

What is kept in this process's memory is geometry, outlines and rendered greys: nothing that names a patient.
"""

from __future__ import annotations

import io
from functools import lru_cache

from alarp.kernel import BrokenEvidence
from alarp.records import objects
from alarp.web.viewer import drawings, pictures
from alarp.web.viewer.overlays import Drawing
from alarp.web.viewer.pictures import Facts, Picture
from alarp.web.viewer.windows import Window


@lru_cache(maxsize=20_000)
def facts(sha256: str) -> Facts:
    """The header facts of one object; only its head is read, so nothing is checked against the digest here."""
    try:
        with objects.path_of(sha256).open("rb") as source:
            return pictures.facts_of(source)
    except FileNotFoundError:
        raise BrokenEvidence(
            f"Object {sha256[:12]}… is missing from the store. Restore it from the backup."
        ) from None


@lru_cache(maxsize=16)
def picture(sha256: str, window: Window | None) -> Picture:
    """The first frame in this window, from bytes that were checked against their digest."""
    return pictures.picture_of(objects.get(sha256), window)


@lru_cache(maxsize=16)
def drawing(sha256: str) -> Drawing:
    """What a result draws and says, from bytes that were checked against their digest."""
    return drawings.drawing_of(pictures.opened(io.BytesIO(objects.get(sha256)), pixels=False))
