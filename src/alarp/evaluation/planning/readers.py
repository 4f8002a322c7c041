"""How many readers and cases must a reader study have, by what a pilot found?"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from alarp.evaluation.fields import Fields
from alarp.evaluation.mrmc.anova import FIXED, RANDOM, Components
from alarp.evaluation.mrmc.sizing import cases_needed, sizing_table
from alarp.evaluation.planning.sizes import inflated
from alarp.kernel import BadInput

_SHOWN_CASES = (50, 100, 200, 400, 800)
_MOST_CASES = 20_000
METHOD = "Obuchowski-Rockette, non-central F (Hillis et al. 2011)"


@dataclass(frozen=True, slots=True)
class ReadersAim:
    """Which difference must be found, with which power, by how many readers: the variation is the pilot's."""

    pilot: Components
    source: str
    difference: float
    power: float
    readers: tuple[int, ...]
    cases: tuple[int, ...]
    readers_are: str

    @property
    def sentence(self) -> str:
        return f"a difference of {self.difference:g} found with power {self.power:g}"


def pilot_file(values: Any) -> str | None:
    """Which result file does the plan take its variation from? None when the plan gives the components itself."""
    plan = values.get("plan") if isinstance(values, Mapping) else None
    readers = plan.get("readers") if isinstance(plan, Mapping) else None
    named = readers.get("pilot") if isinstance(readers, Mapping) else None
    return named if isinstance(named, str) else None


def parse_readers(fields: Fields, pilot: Any) -> ReadersAim | None:
    """What does the plan want of its readers? `pilot` is the content of the result file that it names, if any."""
    if not fields.has("readers"):
        return None
    part = Fields(fields.mapping("readers"), where="plan.readers")
    named = part.text("pilot") if part.has("pilot") else None
    aim = ReadersAim(
        pilot=_components(part) if named is None else _of_result(pilot, named),
        source="the components in the plan" if named is None else f"the pilot {named}",
        difference=part.number("difference", "which difference between two modalities is to be found"),
        power=part.number("power", default=0.8),
        readers=_whole(part, "readers", (4, 6, 8, 10, 15, 20)),
        cases=_whole(part, "cases", _SHOWN_CASES),
        readers_are=part.choice("readers_are", (RANDOM, FIXED), default=RANDOM),
    )
    if named is not None and part.has("components"):
        raise BadInput("The plan has both 'plan.readers.pilot' and 'plan.readers.components': keep one.")
    part.refuse_unknown()
    if not 0 < abs(aim.difference) < 1:
        raise part.wrong("difference", aim.difference, "between 0 and 1, such as 0.05")
    if not 0.5 <= aim.power < 1:
        raise part.wrong("power", aim.power, "a chance from 0.5 to below 1, such as 0.8")
    return aim


def _whole(part: Fields, field: str, default: Iterable[int]) -> tuple[int, ...]:
    given = part.take(field, list(default))
    numbers = given if isinstance(given, list) else [given]
    for number in numbers:
        if isinstance(number, bool) or not isinstance(number, int) or number < 2:
            raise part.wrong(field, number, "a whole number of at least 2, or a list of them")
    if not numbers:
        raise part.wrong(field, given, "a whole number of at least 2, or a list of them")
    return tuple(sorted(set(numbers)))


def _components(part: Fields) -> Components:
    """The components as somebody wrote them; `ms_tr` or `var_tr`, since one gives the other."""
    meaning = "error, cov1, cov2, cov3, ms_tr (or var_tr) and cases; or name a result with 'pilot'"
    return _built(part.mapping("components", meaning), "plan.readers.components")


def _of_result(pilot: Any, name: str) -> Components:
    figures = pilot.get("figures") if isinstance(pilot, Mapping) else None
    found = figures.get("components") if isinstance(figures, Mapping) else None
    if not isinstance(found, Mapping) or found.get("ms_tr") is None or found.get("cov1") is None:
        raise BadInput(
            f"The pilot '{name}' has no variance components of two modalities with several readers ('figures.components'): "
            "name the result.json of such a reader study."
        )
    return _built(found, name)


def _built(values: Mapping[str, Any], where: str) -> Components:
    part = Fields(values, where=where)
    error, cov1, cov2, cov3 = (
        part.number(name, "see docs/how-to/plan-a-study.md") for name in ("error", "cov1", "cov2", "cov3")
    )
    if part.has("ms_tr"):
        ms_tr = part.number("ms_tr")
    else:
        ms_tr = part.number("var_tr", "or ms_tr: how readers differ in how far the modalities differ")
        ms_tr += error - cov1 - cov2 + cov3
    cases = part.number("cases", "how many cases the components were found on")
    if cases < 2 or cases != int(cases):
        raise part.wrong("cases", cases, "a whole number of at least 2")
    for name in ("modalities", "readers", "ms_t", "ms_r", "var_r", "var_tr"):
        part.take(name)  # a result's own components carry these too; the size does not depend on them
    part.refuse_unknown()
    return Components(2, 2, int(cases), None, None, ms_tr, error, cov1, cov2, cov3)


def work_out_readers(aim: ReadersAim, *, level: float, lost: float) -> dict[str, Any]:
    """How many cases does each number of readers need, and what would every other size find?

    `rows`: one for each number of readers (`cases` None where no number suffices: readers are too few), `table`: power
    and half width for readers by cases. `lost` inflates the cases to enrol; the table's are those with a reference.
    """
    rows = []
    for readers in aim.readers:
        found = cases_needed(
            aim.pilot,
            readers=readers,
            difference=aim.difference,
            power=aim.power,
            random_readers=aim.readers_are == RANDOM,
            level=level,
            most=_MOST_CASES,
        )
        rows.append(
            {
                "readers": readers,
                "enrolled": None if found is None else inflated(found.cases, lost=lost),
                "power": None if found is None else found.power,
                "half_width": None if found is None else found.half_width,
            }
        )
    sizes = sizing_table(
        aim.pilot,
        readers=aim.readers,
        cases=aim.cases,
        difference=aim.difference,
        readers_are=aim.readers_are,
        level=level,
    )
    return {
        "aim": aim.sentence,
        "wanted": aim.power,
        "source": aim.source,
        "readers_are": aim.readers_are,
        "method": METHOD,
        "rows": rows,
        "table": [asdict(size) for size in sizes],
    }
