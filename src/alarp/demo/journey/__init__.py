"""The story, an act a module: build, need to live, silent running, a day of work, the balance."""
