"""How does an evaluation run from files to files? Locks, openings, processes and results; the core does the counting.

`evaluate_protocol(path, out)` is the whole way of `alarp evaluate`. Who keeps locks and openings elsewhere (the site
keeps them in its records) takes `answer(read_inputs(path), lock, kept=folder, step=step, crew=Crew())`.
"""

from alarp.cli.evaluating.engines import Crew
from alarp.cli.evaluating.locks import held_lock, lock_path, put_lock, read_lock
from alarp.cli.evaluating.running import Answer, Inputs, Run, answer, evaluate_protocol, read_inputs
from alarp.cli.evaluating.testset import OPENINGS, truth_of

__all__ = [
    "OPENINGS",
    "Answer",
    "Crew",
    "Inputs",
    "Run",
    "answer",
    "evaluate_protocol",
    "held_lock",
    "lock_path",
    "put_lock",
    "read_inputs",
    "read_lock",
    "truth_of",
]
