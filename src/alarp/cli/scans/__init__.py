"""Which scans and outlines stand in a contouring case's files? Pure reading; the core does the comparing.

The way through a contouring evaluation, case by case (each step may run in a process of its own):

    enrolled = contouring.parse_cases(protocol, frames["cases"])
    asked    = contouring.asking(protocol, scans.structure_names(protocol, enrolled, folder))
    result, hashes = scans.read_and_compare(asked, case, folder)        # for every case; picklable
    stored   = result.as_dict()                                         # JSON; contouring.CaseResult.from_dict(stored)
    findings = scans.conclude(asked, results, frames, folder)           # results in the order of `enrolled`
"""

from alarp.cli.scans.case import read_and_compare, structure_names
from alarp.cli.scans.conclusion import conclude

__all__ = ["conclude", "read_and_compare", "structure_names"]
