"""The ways in which governance changes, one file per subject. `commands` opens them all."""
