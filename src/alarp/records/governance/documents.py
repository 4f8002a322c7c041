"""How do the records of governance read on paper? Rows in, a story out; `as_html` draws it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from django.utils.timezone import localdate, localtime

from alarp.pathway.route import day_in_words
from alarp.records.deployments.models import Deployment
from alarp.records.governance import texts
from alarp.records.governance.models import (
    Acknowledgement,
    DataFlow,
    ImpactAssessment,
    Involvement,
    PatientInformation,
    Publication,
    Readiness,
    ReadinessSeal,
    Responsibilities,
    SelfTest,
)
from alarp.standards.deidentification import load_named
from alarp.standards.governance import (
    load_data_flow,
    load_dpia,
    load_readiness,
    load_responsibilities,
)

Story = dict[str, Any]
NOTHING = {"caption": "", "columns": [], "rows": []}
TO_BE_WRITTEN = "▲ To be written"
STATES = {"ready": "Ready", "planned": "Planned", "not-needed": "Not needed"}
SIGNS = {True: "passed", False: "DID NOT PASS", None: "told, not judged"}


def as_html(story: Story) -> bytes:
    """The story as one self-contained page."""
    from alarp.report import document, to_html

    return to_html(document(story)).encode("utf-8")


def _story(
    title: str,
    deployment: Deployment,
    *,
    summary: Sequence[str],
    sections: Sequence[Story],
    provenance: Iterable[tuple[str, object]],
    warnings: Sequence[str] = (),
) -> Story:
    return {
        "title": title,
        "lead": str(deployment),
        "warnings": list(warnings),
        "summary": list(summary),
        "claims": NOTHING,
        "sections": list(sections),
        "provenance": [("Deployment", deployment.slug), *provenance],
    }


def _section(heading: str, paragraphs: Sequence[str] = (), tables: Sequence[Story] = ()) -> Story:
    return {"heading": heading, "paragraphs": list(paragraphs), "tables": list(tables), "charts": []}


def _table(caption: str, columns: Sequence[str], rows: Iterable[Sequence[object]], note: str = "") -> Story:
    return {"caption": caption, "columns": list(columns), "rows": [list(r) for r in rows], "note": note}


def _moment(at: datetime) -> str:
    return f"{day_in_words(localdate(at))}, {localtime(at):%H:%M}"


def responsibilities(
    deployment: Deployment, current: Responsibilities, read: Sequence[Acknowledgement]
) -> Story:
    """Who answers for each step, and who has read it."""
    template = load_responsibilities(current.template)
    steps = {step.slug: step for step in template.steps}
    rows = [
        (
            steps[row["step"]].title,
            template.title(row["accountable"]),
            row["here"],
            ", ".join(template.title(p) for p in row["consulted"]) or "nobody",
            steps[row["step"]].asks,
        )
        for row in current.rows
    ]
    matrix = _table(
        "One party answers for each step", ["Step", "Answers", "Here", "Consulted", "For what"], rows
    )
    names = _table("Acknowledged by", ["Person", "When"], [(str(a.person), _moment(a.at)) for a in read])
    return _story(
        "Who answers for what",
        deployment,
        summary=[
            f"{len(rows)} steps, each with exactly one party that answers for it.",
            f"{len(read)} {'person has' if len(read) == 1 else 'people have'} acknowledged version {current.number}.",
        ],
        sections=[_section("Steps", tables=[matrix]), _section("Acknowledgements", tables=[names])],
        provenance=[
            ("Version", current.number),
            ("Written by", current.by),
            ("Written", _moment(current.at)),
            ("Digest", current.digest),
            ("Steps and parties", current.template),
        ],
    )


def involvement(deployment: Deployment, entries: Sequence[Involvement]) -> Story:
    """What patients and the public said, and what changed."""
    rows = [(day_in_words(e.held_on), e.who, e.asked, e.said, e.changed) for e in entries]
    columns = ["When", "Who", "Asked", "Said", "What changed"]
    count = "one conversation" if len(entries) == 1 else f"{len(entries)} conversations"
    return _story(
        "What patients and the public said",
        deployment,
        summary=[f"The log holds {count}, the newest on {day_in_words(entries[0].held_on)}."],
        sections=[_section("The log", tables=[_table("Conversations, newest first", columns, rows)])],
        provenance=[("Logged by", ", ".join(dict.fromkeys(str(e.by) for e in entries)))],
    )


def readiness(deployment: Deployment, current: Readiness, sealed: ReadinessSeal) -> Story:
    """How each point of the checklist stands, and who sealed it."""
    rows = []
    for item in load_readiness(current.template):
        given = current.answers[item.slug]
        state = STATES[given["state"]] + (f" for {given['due']}" if given["due"] else "")
        rows.append((item.title, state, given["note"], item.asks))
    planned = sum(a["state"] == "planned" for a in current.answers.values())
    return _story(
        "Is the PACS and IT side ready?",
        deployment,
        summary=[
            f"{len(rows)} points answered; {planned} of them planned for a later day.",
            f"Signed by {sealed.person} on {_moment(sealed.at)}.",
        ],
        sections=[
            _section("Checklist", tables=[_table("Points", ["Point", "Stands", "Note", "Asked"], rows)])
        ],
        provenance=[
            ("Version", current.number),
            ("Digest", current.digest),
            ("Checklist", current.template),
        ],
    )


def flow_table(flow: DataFlow) -> Story:
    """Both legs side by side."""
    form = load_data_flow(flow.template)
    rows = [
        (field.title, *(flow.legs[leg.slug].get(field.slug) or "▲ not recorded" for leg in form.legs))
        for field in form.fields
    ]
    return _table("Both legs of the round trip", ["", *(leg.title for leg in form.legs)], rows)


def assessment(deployment: Deployment, flow: DataFlow | None, written: ImpactAssessment | None) -> Story:
    """The impact assessment in its eleven parts: what the record fills in, what a person wrote, what is missing."""
    sections, waiting = [], 0
    for number, part in enumerate(load_dpia(), start=1):
        text = (written.written.get(part.slug) if written else "") or ""
        recorded = _from_record(part.slug, deployment, flow)
        paragraphs = [*recorded, *text.splitlines()]
        if not any(p.strip() for p in paragraphs):
            waiting += 1
            paragraphs = [f"{TO_BE_WRITTEN}: {part.asks}"]
        tables = [flow_table(flow)] if part.slug == "flows" and flow else []
        sections.append(_section(f"{number}. {part.title}", [p for p in paragraphs if p.strip()], tables))
    done = len(sections) - waiting
    return _story(
        "Data protection impact assessment",
        deployment,
        summary=[f"{done} of {len(sections)} parts are there; {waiting} are to be written."],
        warnings=[f"{waiting} parts are to be written. This is a draft."] if waiting else [],
        sections=sections,
        provenance=[
            ("Data flow", f"version {flow.number}, digest {flow.digest}" if flow else "not recorded"),
            ("Parts written", f"version {written.number} by {written.by}" if written else "none"),
            ("Order of the parts", "NHS England's template of March 2026, in our own words"),
        ],
    )


def _from_record(part: str, deployment: Deployment, flow: DataFlow | None) -> list[str]:
    """What Alarp knows of this part already."""
    if part == "purposes":
        return [f"Use: {deployment.use}.", f"Need: {deployment.problem}"]
    if flow is None:
        return []
    fields = {
        "data": ("data",),
        "flows": ("country",),
        "basis": ("article_6", "article_9", "confidentiality"),
        "retention": ("retention",),
        "parties": ("processor", "sub_processors", "contract"),
    }.get(part, ())
    titles = {field.slug: field.title for field in load_data_flow(flow.template).fields}
    found = [
        f"{leg.title.split(':')[0]}, {titles[field].lower()}: {flow.legs[leg.slug][field]}."
        for leg in load_data_flow(flow.template).legs
        for field in fields
        if flow.legs[leg.slug].get(field)
    ]
    if part == "flows":
        profile, _ = load_named(flow.profile)
        kept = f"with {', '.join(profile.options)}" if profile.options else "without options"
        found.insert(
            0, f"Identifiers are removed by the profile '{profile.name}' (version {profile.version}), {kept}."
        )
    return [line.replace("..", ".") for line in found]


def ease(told: PatientInformation) -> dict[str, Any]:
    """How easy are both variants to read? Score, counts and method."""
    from alarp.report.reading_ease import reading_ease

    found = {form: reading_ease(texts.lines_of(told.text[form])) for form in ("full", "easy")}
    return {
        form: {"score": one.score, "words": one.words, "sentences": one.sentences, "sentence": one.sentence}
        for form, one in found.items()
    }


def patient_information(deployment: Deployment, publication: Publication) -> Story:
    """What patients are told, in both variants, with how easy it is to read."""
    told = publication.information
    scores = ease(told)
    sections = [
        _section(f"{name}: {heading}", lines)
        for form, name in (("full", "In full"), ("easy", "Easy read"))
        for heading, lines in told.text[form]
    ]
    return _story(
        "What patients are told",
        deployment,
        summary=[
            f"Version {told.number}, published by {publication.by} on {_moment(publication.at)}.",
            f"In full: {scores['full']['sentence']}",
            f"Easy read: {scores['easy']['sentence']}",
        ],
        sections=sections,
        provenance=[
            ("Version", told.number),
            ("Digest", told.digest),
            ("Reading ease", "Flesch 1948, doi:10.1037/h0057532"),
            ("Text", told.template),
        ],
    )


def self_test(
    deployment: Deployment,
    test: SelfTest,
    findings: Sequence[Mapping[str, Any]],
    passed: bool,
    measured_at: datetime,
) -> Story:
    """What the self-test of the connections found."""
    rows = [(f["phase"], f["about"], SIGNS[f["passed"]], figure(f), f["sentence"]) for f in findings]
    failed = [f["sentence"] for f in findings if f["passed"] is False]
    return _story(
        f"Connectivity self-test {test.number}",
        deployment,
        summary=[
            f"{'Passed' if passed else 'Did not pass'}: {sum(f['passed'] is True for f in findings)} of "
            f"{sum(f['passed'] is not None for f in findings)} judged findings passed.",
            f"Measured on {_moment(measured_at)} by a worker of the gateway.",
        ],
        warnings=failed,
        sections=[
            _section(
                "Findings",
                tables=[
                    _table("What was looked at", ["Phase", "What", "Verdict", "Figure", "In words"], rows)
                ],
            )
        ],
        provenance=[("Asked for by", test.by), ("Asked for", _moment(test.at))],
    )


def figure(finding: Mapping[str, Any]) -> str:
    """'12.3 ms, n = 5'; empty where nothing was measured."""
    if finding.get("figure") is None:
        return ""
    count = f", n = {finding['n']}" if finding.get("n") else ""
    return f"{finding['figure']:,.4g} {finding.get('unit', '')}".strip() + count
