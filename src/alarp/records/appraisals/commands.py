"""How does a cost case or an option appraisal come in, and how does it become evidence at the gate?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.db import transaction
from django.db.models import Max

from alarp.economics import Option as Weighed
from alarp.economics import OptionKind, appraise, missing, pounds, read_case, read_options
from alarp.kernel import BadInput, NotNow, Stage, canonical_json, digest
from alarp.records import permissions
from alarp.records.appraisals import papers, queries
from alarp.records.appraisals.models import CostCase, Option, OptionAppraisal
from alarp.records.audit.commands import record
from alarp.records.deployments.doors.moving import locked, moment
from alarp.records.deployments.issuing import issue
from alarp.records.deployments.models import Deployment
from alarp.records.evidence.models import Evidence
from alarp.records.people.models import Person
from alarp.standards.economics import CURRENT, load_economics

__all__ = [
    "add_option",
    "issue_cost",
    "issue_options",
    "remove_option",
    "save_cost_case",
    "save_option_appraisal",
]


def save_cost_case(deployment: Deployment, table: Mapping[str, Any], *, by: Person) -> CostCase:
    """Keep this case as the deployment's newest, with everything that follows from it; refused unless it is whole."""
    permissions.check(by, "prepare_costs", deployment)
    rules = load_economics()
    case = read_case(table, rules)
    _check_tool(case.tool, deployment)
    result = appraise(case, rules).as_dict()
    kept = dict(table)
    try:
        canonical_json(kept)
    except (TypeError, ValueError):
        raise BadInput(
            "The case holds a value that JSON does not know; use text, numbers, lists and tables."
        ) from None
    seal = digest({"case": kept, "result": result})
    with transaction.atomic():
        deployment = locked(deployment)
        at = moment(deployment)
        _check_in_use(deployment)
        last = queries.latest_case(deployment)
        if last is not None and last.digest == seal and last.version_id == deployment.version_id:
            raise NotNow(
                f"This is word for word the case that stands as version {last.number}; change it first."
            )
        row = CostCase(
            deployment=deployment,
            number=_next(CostCase, deployment),
            version=deployment.version,
            rules=CURRENT,
            table=kept,
            result=result,
            digest=seal,
            by=by,
            at=at,
        )
        row.save()
        record(
            by,
            "cost case saved",
            f"cost case {row.number} of {deployment.slug}",
            stream=deployment.slug,
            at=at,
            case=row.number,
            digest=seal,
            version=str(deployment.version),
        )
    return row


def save_option_appraisal(
    deployment: Deployment, rows: Sequence[Mapping[str, Any]], *, by: Person
) -> OptionAppraisal:
    """Keep these options as the deployment's newest appraisal; a list that lacks a way is kept, and says so."""
    permissions.check(by, "prepare_costs", deployment)
    with transaction.atomic():
        deployment = locked(deployment)
        return _save_options(deployment, [_with_cost(row, deployment) for row in rows], by)


def add_option(deployment: Deployment, row: Mapping[str, Any], *, by: Person) -> OptionAppraisal:
    """The newest appraisal with this option added, or in the place of the one of the same name."""
    permissions.check(by, "prepare_costs", deployment)
    with transaction.atomic():
        deployment = locked(deployment)
        rows = queries.option_rows(queries.latest_appraisal(deployment))
        made = _with_cost(row, deployment)
        name = str(row.get("name") or "").strip().casefold()
        places = [i for i, r in enumerate(rows) if r["name"].casefold() == name]
        if places:
            rows[places[0]] = made
        else:
            rows.append(made)
        return _save_options(deployment, rows, by)


def remove_option(deployment: Deployment, name: str, *, by: Person) -> OptionAppraisal:
    """The newest appraisal without the option of this name."""
    permissions.check(by, "prepare_costs", deployment)
    with transaction.atomic():
        deployment = locked(deployment)
        rows = queries.option_rows(queries.latest_appraisal(deployment))
        kept = [r for r in rows if r["name"] != name]
        if len(kept) == len(rows):
            raise BadInput(f"The appraisal holds no option '{name[:80]}'; load the page again.")
        return _save_options(deployment, kept, by)


def _with_cost(row: Mapping[str, Any], deployment: Deployment) -> dict[str, Any]:
    """This tool's own cost comes from its cost case where none is given."""
    made = dict(row)
    if made.get("cost") is not None or made.get("kind") != OptionKind.AI:
        return made
    case = queries.latest_case(deployment)
    if case is None:
        raise BadInput("Give the option's cost, or save the cost case first: then the cost is taken from it.")
    expected = case.result["volumes"]["expected"]
    made["cost"] = expected["cost"]
    made["cost_source"] = (
        f"cost case {case.number}, {case.result['years']} years at the expected volume, as paid"
    )
    return made


def _save_options(deployment: Deployment, rows: Sequence[Mapping[str, Any]], by: Person) -> OptionAppraisal:
    weighed = read_options(rows, load_economics())
    at = moment(deployment)
    _check_in_use(deployment)
    seal = digest([as_row(option) for option in weighed])
    last = queries.latest_appraisal(deployment)
    if last is not None and last.digest == seal and last.version_id == deployment.version_id:
        raise NotNow(f"These are the options that stand as version {last.number}; change something first.")
    appraisal = OptionAppraisal(
        deployment=deployment,
        number=_next(OptionAppraisal, deployment),
        version=deployment.version,
        rules=CURRENT,
        digest=seal,
        by=by,
        at=at,
    )
    appraisal.save()
    for position, option in enumerate(weighed, 1):
        Option(
            appraisal=appraisal,
            position=position,
            name=option.name,
            kind=option.kind.value,
            cost_pounds=option.cost,
            cost_source=option.cost_source,
            scores=dict(option.scores),
            note=option.note,
        ).save()
    record(
        by,
        "options appraised",
        f"option appraisal {appraisal.number} of {deployment.slug}",
        stream=deployment.slug,
        at=at,
        appraisal=appraisal.number,
        options=[option.name for option in weighed],
        digest=seal,
    )
    return appraisal


def as_row(option: Weighed) -> dict[str, Any]:
    """An option as plain data: what the digest and the evidence hold."""
    return {
        "name": option.name,
        "kind": option.kind.value,
        "cost": float(option.cost),
        "cost_source": option.cost_source,
        "scores": dict(option.scores),
        "note": option.note,
    }


def issue_cost(deployment: Deployment, *, by: Person) -> Evidence:
    """The newest cost case as the Trust's evidence of the whole-life cost, with its report."""
    permissions.check(by, "prepare_costs", deployment)
    case = queries.latest_case(deployment)
    if case is None:
        raise NotNow("There is no cost case to issue: save one first.")
    _check_version(case.version_id, deployment, f"Cost case {case.number}")
    paper = papers.cost_report(case)
    expected = case.result["volumes"]["expected"]
    return issue(
        deployment,
        "procure",
        "whole-life-cost",
        title=f"Whole-life cost, case {case.number}: {pounds(expected['cost'])} over {case.result['years']} years",
        body={"schema": case.result["schema"], "number": case.number, "digest": case.digest,
              "case": case.table, "result": case.result},
        **paper,
        by=by,
    )  # fmt: skip


def issue_options(deployment: Deployment, *, by: Person) -> Evidence:
    """The newest option appraisal as the Trust's evidence, once it holds every way that must be weighed."""
    permissions.check(by, "prepare_costs", deployment)
    appraisal = queries.latest_appraisal(deployment)
    if appraisal is None:
        raise NotNow("There is no option appraisal to issue: add the options first.")
    _check_version(appraisal.version_id, deployment, f"Option appraisal {appraisal.number}")
    weighed = queries.weighed(appraisal)
    lacking = missing(weighed)
    if lacking:
        raise NotNow(lacking[0])
    paper = papers.options_report(appraisal, weighed)
    return issue(
        deployment,
        "procure",
        "option-appraisal",
        title=f"Option appraisal {appraisal.number}: {len(weighed)} options",
        body={"schema": papers.OPTIONS_SCHEMA, "number": appraisal.number, "digest": appraisal.digest,
              "rules": appraisal.rules, "options": [as_row(option) for option in weighed]},
        **paper,
        by=by,
    )  # fmt: skip


def _check_version(version: int, deployment: Deployment, what: str) -> None:
    if version != Deployment.objects.values_list("version_id", flat=True).get(pk=deployment.pk):
        raise NotNow(f"{what} speaks of another version of the product; save it anew for the one in use.")


def _check_in_use(deployment: Deployment) -> None:
    if deployment.stage == Stage.RETIRED:
        raise NotNow("The tool is retired; its costs and options are closed.")


def _check_tool(tool: str, deployment: Deployment) -> None:
    name = deployment.version.product.name
    if name.casefold() not in tool.casefold():
        raise BadInput(
            f"tool is '{tool}', but this deployment is about {deployment.version}: name that product."
        )


def _next(model: Any, deployment: Deployment) -> int:
    last = model.objects.filter(deployment=deployment).aggregate(last=Max("number"))["last"]
    return int(last or 0) + 1
