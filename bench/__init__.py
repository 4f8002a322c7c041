"""Our work beside its peers, on this machine, now."""

import sys
from pathlib import Path

# The peers of bench/peers.lock lie apart (`make bench` puts them there): nothing of the project can lean on them.
PEERS = Path(__file__).resolve().parent.parent / ".venv" / "peers"
if PEERS.is_dir() and str(PEERS) not in sys.path:
    sys.path.append(str(PEERS))  # last: a package that both have is the project's
