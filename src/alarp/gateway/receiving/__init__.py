"""From the bytes on the wire to a durable file, then Success, then an object of the store and a row in the ledger.

`wire` and `messages` read what PS3.8 and PS3.7 say comes; `lane` takes the C-STORE requests out of an
association; `incoming` writes their bytes; `intake` makes them durable in the spool; the `clerk` empties it into
store and ledger, one commit for all that has come; `describing` reads headers; `keeping` does the same at once for
who has a file and waits for its row (STOW-RS); `room` says when there is no more room.
"""

from alarp.gateway.receiving.describing import described
from alarp.gateway.receiving.keeping import keep
from alarp.gateway.receiving.room import check_space

__all__ = ["check_space", "described", "keep"]
