"""When does the money end, and when must somebody have decided to stop or to extend?"""

from __future__ import annotations

from calendar import monthrange
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_CEILING, Decimal

from alarp.economics.case import Case
from alarp.economics.figures import ZERO
from alarp.economics.flows import Flow

MONTHS_A_YEAR = Decimal(12)


@dataclass(frozen=True, slots=True)
class Cliff:
    """The funding against the contract and the useful life. Months are counted from the start of use.

    `unfunded_cost` is what the case plans to pay after the money ends and before the contract does.
    """

    funded_months: Decimal
    contract_months: Decimal
    useful_life_months: Decimal
    decide_by_month: Decimal
    unfunded_months: Decimal
    unfunded_cost: Decimal
    ends_on: str
    decide_by: str

    @property
    def is_cliff(self) -> bool:
        return self.unfunded_months > 0

    @property
    def unused_life_months(self) -> Decimal:
        """Useful life that the contract does not reach."""
        return max(ZERO, self.useful_life_months - self.contract_months)


def cliff(case: Case, here: Flow, notice_months: int) -> Cliff | None:
    """Where does the money end before the contract? None when the case states no funding.

    A year's cost counts for the share of its months that are not funded; set-up is paid before.
    """
    if case.funding is None:
        return None
    funded, contract = case.funding.funded.value, case.funding.contract.value
    decide = max(ZERO, funded - notice_months)
    return Cliff(
        funded_months=funded,
        contract_months=contract,
        useful_life_months=case.funding.useful_life.value,
        decide_by_month=decide,
        unfunded_months=max(ZERO, contract - funded),
        unfunded_cost=_unfunded(here, funded, contract),
        ends_on=_after(case.funding.starts_on, funded),
        decide_by=_after(case.funding.starts_on, decide),
    )


def _unfunded(here: Flow, funded: Decimal, contract: Decimal) -> Decimal:
    total = ZERO
    for year in here.years[1:]:
        first, last = (year.year - 1) * MONTHS_A_YEAR, year.year * MONTHS_A_YEAR
        months = max(ZERO, min(last, contract) - max(first, funded))
        total += year.cost * months / MONTHS_A_YEAR
    return total


def _after(start: str, months: Decimal) -> str:
    """The day so many months after the start, as 2028-04-01; empty without a start."""
    if not start:
        return ""
    begun = date.fromisoformat(start)
    count = begun.month - 1 + int(months.to_integral_value(rounding=ROUND_CEILING))
    year, month = begun.year + count // 12, count % 12 + 1
    return date(year, month, min(begun.day, monthrange(year, month)[1])).isoformat()
