"""Is this table a cost case, with every line that it must have and a source for every figure?"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from alarp.economics.case import Benefit, BenefitClass, Case, Funding, Line, Recalls, Wage, When
from alarp.economics.fields import Part
from alarp.economics.figures import Figure, Kind
from alarp.economics.price import MARGINAL, WHOLE, Band, Price
from alarp.economics.rules import Rules
from alarp.kernel import BadInput

MOST_ITEMS = 200
_MONEY = {When.ONCE: "£", When.AT_END: "£", When.YEARLY: "£/year", When.PER_STUDY: "£/study"}
_TIME = {
    When.ONCE: "hours",
    When.AT_END: "hours",
    When.YEARLY: "hours/year",
    When.PER_STUDY: "min/study",
}
_WHENS = tuple(when.value for when in When)


def read_case(table: Mapping[str, Any], rules: Rules) -> Case:
    """The case that this table states; BadInput with one sentence that names the line when it cannot be used.

    Refused are a required line that is missing, a zero without a reason, a figure without its source or in
    another unit, a negative or unbelievable figure, a field that nobody knows.
    """
    words = _words(table)
    top = Part(table, "", rules, words)
    title, tool = top.text("title", "what this case is about"), top.text("tool", "product and version")
    prices = top.text("prices", "year of the prices and whether with VAT, such as '2026-27, without VAT'")
    top.asked.update({"study", "studies"})
    years = top.whole("years", "how long the case looks ahead", least=1, most=rules.most_years)
    wages = _wages(top)
    case = Case(
        title=title,
        tool=tool,
        prices=prices,
        one_study=words[0],
        many_studies=words[1],
        years=years,
        discount=_discount(top, rules),
        volume=_volume(top),
        price=_price(top.part("price", "per_study, subscription, or both")),
        wages=wages,
        lines=_lines(top, years, {wage.name for wage in wages}),
        benefits=_benefits(top, years, {wage.name for wage in wages}),
        recalls=_recalls(top),
        no_recalls_because=_no_recalls(top),
        funding=_funding(top.part("funding", "funded, contract, useful_life"))
        if top.has("funding")
        else None,
    )
    top.finish()
    return case


def _words(table: Mapping[str, Any]) -> tuple[str, str]:
    if not isinstance(table, Mapping):
        raise BadInput("The case is not a table of 'name: value' lines.")
    one, many = table.get("study", "study"), table.get("studies")
    many = many if many is not None else ("studies" if one == "study" else f"{one}s")
    for field, word in (("study", one), ("studies", many)):
        if not isinstance(word, str) or not word.replace(" ", "").isalpha() or len(word) > 30:
            raise BadInput(
                f"{field} is {word!r}: give the word for one study and for many, such as plan, plans."
            )
    return one, many


def _discount(top: Part, rules: Rules) -> Figure:
    given = top.maybe("discount_rate", "share/year", "Discount rate")
    if given is not None:
        return given
    rate = rules.discount
    source = f"{rate.source}; as read on {rate.dated}"
    return Figure("discount_rate", "Discount rate", rate.value, "share/year", source, Kind.PUBLISHED)


def _volume(top: Part) -> Figure:
    volume = top.figure("volume", "studies/year", "Volume")
    if volume.low is None or volume.high is None:
        raise BadInput(
            "volume has no low and high: a case is computed at a low, an expected and a high volume."
        )
    return volume


def _price(part: Part) -> Price:
    banding = part.choice("banding", (MARGINAL, WHOLE), default=MARGINAL)
    found = Price(
        bands=_bands(part),
        banding=banding,
        subscription=part.maybe("subscription", "£/year", "Subscription"),
        commitment=part.maybe("minimum_commitment", "£/year", "Minimum commitment"),
        committed_studies=part.maybe("minimum_studies", "studies/year", "Minimum number of studies"),
        indexation=part.maybe("indexation", "share/year", "Indexation"),
    )
    part.finish()
    if not found.bands and found.subscription is None:
        raise BadInput("price has neither per_study nor subscription: say what the supplier charges.")
    if not found.bands and (found.commitment or found.committed_studies):
        raise BadInput("price has a minimum but no per_study: a minimum stands against what use would cost.")
    return found


def _bands(part: Part) -> tuple[Band, ...]:
    if not part.has("per_study"):
        return ()
    if not isinstance(part.values["per_study"], list):
        return (Band(None, part.figure("per_study", "£/study", "Price per study")),)
    bands: list[Band] = []
    rows = part.rows("per_study", "bands")
    for number, row in enumerate(rows, 1):
        band = Part(row, part.place(f"per_study[{number}]"), part.rules, part.words)
        last = number == len(rows)
        top = None if last and not band.has("up_to") else _bound(band, bands)
        name = f"Price per study, band {number}"
        bands.append(Band(top, band.figure("price", "£/study", name)))
        band.finish()
    if not bands or bands[-1].up_to is not None:
        raise BadInput("price: per_study must end with a band without up_to, for every further study.")
    return tuple(bands)


def _bound(band: Part, before: list[Band]) -> Decimal:
    top = band.whole("up_to", "the yearly number of studies at which this band ends", least=1, most=5_000_000)
    below = before[-1].up_to if before else None
    if below is not None and top <= below:
        raise BadInput(
            f"{band.place('up_to')} is {top}, not above the band before it ({below}): put bands in order."
        )
    return Decimal(top)


def _wages(top: Part) -> tuple[Wage, ...]:
    if not top.has("wages"):
        return ()
    part = top.part("wages", "what an hour of each profession costs")
    found = []
    for name in list(part.values):
        figure = part.figure(str(name), "£/hour", f"Hour of {str(name).replace('-', ' ')}")
        found.append(Wage(str(name), figure))
    return tuple(found)


def _wage(part: Part, known: set[str]) -> str:
    name = part.text("wage", "a name from wages")
    if name not in known:
        listed = ", ".join(sorted(known)) or "none"
        raise BadInput(
            f"{part.place('wage')} is '{name}', which wages does not hold (known: {listed}): add it there."
        )
    return name


def _lines(top: Part, years: int, wages: set[str]) -> tuple[Line, ...]:
    rows = _some(top.rows("lines", "the cost lines, each with its source"), "lines")
    found = tuple(_line(top, number, row, years, wages) for number, row in enumerate(rows, 1))
    given = {line.slug for line in found}
    for rule in top.rules.required:
        if rule.slug not in given:
            raise BadInput(
                f"The case has no line '{rule.slug}' ({rule.title.lower()}: {rule.meaning}): add it, or write "
                f"{{line: {rule.slug}, amount: 0, because: …}} if it truly costs nothing."
            )
    _check_no_nothing_beside_something(found)
    return found


def _some(rows: list[Any], field: str) -> list[Any]:
    if len(rows) > MOST_ITEMS:
        raise BadInput(f"{field} has {len(rows)} items: use at most {MOST_ITEMS}.")
    return rows


def _check_no_nothing_beside_something(lines: tuple[Line, ...]) -> None:
    for line in lines:
        if line.nothing_because and sum(other.slug == line.slug for other in lines) > 1:
            raise BadInput(
                f"lines: '{line.slug}' costs nothing in one place and something in another: keep one."
            )


def _line(top: Part, number: int, row: Any, years: int, wages: set[str]) -> Line:
    slug = str(row.get("line", "")) if isinstance(row, Mapping) else ""
    part = Part(row, f"lines[{number}]" + (f" ({slug})" if slug else ""), top.rules, top.words)
    rule = top.rules.line(part.text("line", "which line it is, such as integration"))
    if rule is None:
        known = ", ".join(r.slug for r in top.rules.lines)
        raise BadInput(f"{part.where} is not a line we know: use one of {known}.")
    name = part.text("name", default=rule.title)
    because = part.text("because", default="")
    zero = part.values.get("amount") in (0, 0.0) and not isinstance(part.values.get("amount"), bool)
    if zero:
        part.asked.add("amount")
        if not because:
            raise BadInput(f"{part.where} is 0 without a reason: add 'because: …', or what it costs.")
        part.finish()
        return Line(slug, name, When.YEARLY, 1, years, None, None, "", because)
    when = When(part.choice("when", _WHENS, "when it falls due: " + ", ".join(_WHENS)))
    first, last = _span(part, when, years)
    amount, time, wage = _worth(part, when, name, wages, _TIME)
    part.finish()
    _check_zero_has_reason(part, amount or time, because)
    return Line(slug, name, when, first, last, amount, time, wage, because)


def _check_zero_has_reason(part: Part, figure: Figure | None, because: str) -> None:
    if figure is not None and figure.value == 0 and not because:
        raise BadInput(f"{part.where} is 0 without a reason: add 'because: …', or what it costs.")


def _span(part: Part, when: When, years: int) -> tuple[int, int]:
    """From which year to which? A line once falls due in one year, 0 is before use."""
    if when is When.ONCE:
        year = part.whole("year", "0 is before use", least=0, most=years, default=0)
        return year, year
    if when is When.AT_END:
        return years, years
    first = part.whole("from_year", "first year", least=1, most=years, default=1)
    return first, part.whole("to_year", "last year", least=first, most=years, default=years)


def _worth(
    part: Part, when: When, name: str, wages: set[str], units: Mapping[When, str]
) -> tuple[Figure | None, Figure | None, str]:
    """Money, or time at a wage: one of the two."""
    if part.has("amount") == part.has("time"):
        raise BadInput(f"{part.where} needs either an amount, or a time and a wage: give one of the two.")
    if part.has("amount"):
        return part.figure("amount", _MONEY[when], name), None, ""
    return None, part.figure("time", units[when], name), _wage(part, wages)


def _benefits(top: Part, years: int, wages: set[str]) -> tuple[Benefit, ...]:
    rows = _some(top.rows("benefits", "what is gained; an empty list [] when nothing is"), "benefits")
    return tuple(_benefit(top, number, row, years, wages) for number, row in enumerate(rows, 1))


def _benefit(top: Part, number: int, row: Any, years: int, wages: set[str]) -> Benefit:
    label = str(row.get("name", ""))[:60] if isinstance(row, Mapping) else ""
    part = Part(row, f"benefits[{number}]" + (f" ({label})" if label else ""), top.rules, top.words)
    name = part.text("name", "what is gained")
    kind = BenefitClass(part.choice("class", tuple(BenefitClass), "CRB when a budget falls, else NCRB"))
    budget = part.text("budget_line", default="")
    if kind is BenefitClass.CASH and not budget:
        raise BadInput(
            f"{part.where} is called cash-releasing (CRB) but names no budget_line that falls: name it or use NCRB."
        )
    minutes = part.maybe("minutes_saved", "min/study", name)
    if minutes is None:
        when = When(part.choice("when", ("yearly", "per-study"), "yearly or per-study"))
        amount: Figure | None = part.figure("amount", _MONEY[when], name)
        wage = ""
    else:
        when, amount, wage = When.PER_STUDY, None, _wage(part, wages)
    unit = "min/study" if minutes is not None else _MONEY[when]
    baseline = part.figure("baseline", unit, f"{name}: today")
    _check_baseline(part, minutes or amount, baseline)
    realised = part.figure("realised", "share", f"{name}: share realised")
    first = part.whole("from_year", "first year with this benefit", least=1, most=years, default=1)
    part.finish()
    return Benefit(name, kind, when, first, minutes, wage, amount, realised, baseline, budget)


def _check_baseline(part: Part, gain: Figure | None, baseline: Figure) -> None:
    if gain is not None and (gain.high or gain.value) > baseline.value:
        raise BadInput(
            f"{part.where} saves {gain.high or gain.value} of a baseline of {baseline.value} ({baseline.unit}): "
            "nobody saves more than it takes today; correct one of them."
        )


def _recalls(top: Part) -> Recalls | None:
    value = top.take("recalls", "rates before and after, or {none_because: …}")
    if isinstance(value, Mapping) and set(value) == {"none_because"}:
        return None
    part = top.part("recalls", "")
    found = Recalls(
        rate_before=part.figure("rate_before", "share", "Recall rate before"),
        rate_after=part.figure("rate_after", "share", "Recall rate with the tool"),
        cost=part.figure("cost", "£/assessment", "One assessment"),
        per_session=part.figure("per_session", "assessments/session", "Assessments in a clinic session"),
        prevalence=part.figure("prevalence", "share", "Prevalence"),
        sensitivity_before=part.figure("sensitivity_before", "share", "Sensitivity before"),
        sensitivity_after=part.figure("sensitivity_after", "share", "Sensitivity with the tool"),
    )
    part.finish()
    if found.per_session.value == 0:
        raise BadInput("recalls: per_session is 0: say how many assessments one clinic session holds.")
    for rate, sensitivity, words in (
        (found.rate_before, found.sensitivity_before, "before"),
        (found.rate_after, found.sensitivity_after, "with the tool"),
    ):
        if found.prevalence.value * sensitivity.value > rate.value:
            raise BadInput(
                f"recalls: {words}, {rate.value} are recalled but prevalence × sensitivity is "
                f"{(found.prevalence.value * sensitivity.value).normalize():f}: more ill people than people; correct one."
            )
    return found


def _no_recalls(top: Part) -> str:
    value = top.values.get("recalls")
    if isinstance(value, Mapping) and set(value) == {"none_because"}:
        return Part(value, "recalls", top.rules, top.words).text("none_because", "why nobody is recalled")
    return ""


def _funding(part: Part) -> Funding:
    starts = part.text("starts_on", default="")
    if starts:
        try:
            date.fromisoformat(starts)
        except ValueError:
            raise BadInput(f"funding: starts_on is '{starts}': give a day such as 2027-04-01.") from None
    found = Funding(
        funded=part.figure("funded", "months", "Funded"),
        contract=part.figure("contract", "months", "Contract"),
        useful_life=part.figure("useful_life", "months", "Useful life"),
        starts_on=starts,
    )
    part.finish()
    return found
