"""Our work beside its peers, on this machine, now."""
