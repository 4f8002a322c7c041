"""From the bytes on the wire to a durable object and a row in the ledger, before Success is said.

`wire` and `messages` read what PS3.8 and PS3.7 say comes; `lane` takes the C-STORE requests out of an
association; `incoming` writes their bytes; `keeping` makes them an object and has them written down;
`clerk` writes for everybody who receives, one commit for all who wait; `room` says when there is no more room.
"""

from alarp.gateway.receiving.describing import described
from alarp.gateway.receiving.keeping import keep
from alarp.gateway.receiving.room import check_space

__all__ = ["check_space", "described", "keep"]
