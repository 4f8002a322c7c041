"""Does text in the picture name the patient? Asked of what machines draw into, before its header is cleaned."""

from __future__ import annotations

from alarp.identity import read_header, suspicion
from alarp.kernel import BadInput
from alarp.records.assurance import clearances
from alarp.records.ledger.models import DispatchInstance


class NotLookedAt(Exception):
    """Nobody has looked, and nothing could: the sentence says why and what to do."""


def looked_at(item: DispatchInstance, original: bytes) -> tuple[bytes, bool]:
    """What of this object may go on its way, and is it known that its pictures name nobody?

    An object under suspicion goes on as it is when a person has cleared it, otherwise with every text in it blanked,
    where the extra `ocr` is installed. Raises NotLookedAt when neither is so.
    """
    why = suspicion(read_header(original))
    if not why:
        return original, False
    if clearances.cleared(item.instance):
        return original, True
    from alarp.identity.pixel_text import (  # the reader of text weighs more than the rest together
        blanked,
        can_look,
    )

    if not can_look():
        raise NotLookedAt(f"{why}. Look at them and clear them, or install the extra alarp[ocr].")
    try:
        looked = blanked(original)
    except BadInput as error:
        raise NotLookedAt(f"{why}. {error}") from None
    if looked.regions:
        clearances.blanked(
            item.dispatch,
            item.instance,
            places=len(looked.regions),
            frames=looked.frames,
            frames_read=looked.frames_read,
        )
    return looked.part10, True
