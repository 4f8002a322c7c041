"""The commands, one subject each; `commands` is their one front."""
