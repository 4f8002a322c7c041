"""How is a gate's evidence made? In the rooms of the site, by people who do not sign for what they made.

Each function fills in the pages that a Trust would, and issues what came of it as evidence for one criterion.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import TYPE_CHECKING

from alarp.demo.cases import Case
from alarp.demo.hospital import PASSWORD, expect
from alarp.standards.economics import load_economics
from alarp.standards.governance import (
    load_data_flow,
    load_dpia,
    load_patient_text,
    load_readiness,
)
from alarp.standards.products import load_question_set

if TYPE_CHECKING:
    from alarp.demo.journey.gates import Candidate

MAKER = "fatima"  # the data analyst signs at no gate, so that everybody may sign for what she made
HIDDEN = "csrfmiddlewaretoken"

Maker = Callable[["Candidate", Case], None]


def _send(candidate: Candidate, part: str, values: Mapping[str, str], *, by: str = MAKER, having: str) -> str:
    """Fill in the form on this part of the deployment's file."""
    return candidate.hospital.visit(by).submit(f"{candidate.page}{part}", dict(values), having=having)


def _press(
    candidate: Candidate, part: str, values: Mapping[str, str] | None = None, *, by: str = MAKER
) -> None:
    """Press the button on this part, such as 'Issue as evidence'."""
    place = f"{candidate.page}{part}"
    candidate.hospital.visit(by).submit(place, dict(values or {}), to=place)


def _governance(issue: str) -> Callable[[Candidate], None]:
    return lambda candidate: _press(candidate, "governance/", {"issue": issue})


# --- need and appraise ---------------------------------------------------------------------------------------


def patients_asked(candidate: Candidate, case: Case) -> None:
    """What patients said goes into the log, and from there to the gate."""
    entry = {"held_on": candidate.day.isoformat(), **case.involvement}
    _send(candidate, "governance/involvement/", entry, having="held_on")
    _governance("patient-view")(candidate)


def device(candidate: Candidate, case: Case) -> None:
    """Device class, certificates and dates, from the register."""
    _press(candidate, "device/", {"issue": "device"})


def intended_use(candidate: Candidate, case: Case) -> None:
    """The six statements, and that our use lies within them."""
    _press(candidate, "device/", {"issue": "intended-use"})


def readiness(candidate: Candidate, case: Case) -> None:
    """The PACS manager answers the checklist and seals it; somebody else issues it."""
    answers: dict[str, str] = {}
    for item in load_readiness():
        answers |= {f"{item.slug}-state": "ready", f"{item.slug}-note": case.ready.get(item.slug, "")}
    first = load_readiness()[0].slug
    _send(candidate, "governance/readiness/change/", answers, by="gareth", having=f"{first}-state")
    _send(candidate, "governance/readiness/", {"password": PASSWORD}, by="gareth", having="read")
    _governance("it-readiness")(candidate)


# --- evaluate and procure ------------------------------------------------------------------------------------


def claims(candidate: Candidate, case: Case) -> None:
    """Each claim gets the local evaluation beside it, or is marked unsupported by name."""
    maker = candidate.hospital.visit(MAKER)
    page = maker.read(f"{candidate.page}claims/")
    for number in sorted(set(re.findall(r"/claims/(\d+)/unsupported/", page)), key=int):
        link = f"{candidate.page}claims/{number}/link/"
        about = maker.read(link)
        evaluation = next((v for k, v in maker.choices(link, "evidence").items() if "(evaluation" in k), "")
        measured = any(word in about for word in case.measured_claims)
        if measured and evaluation:
            _send(
                candidate,
                f"claims/{number}/link/",
                {"evidence": evaluation, "population": "same"},
                having="evidence",
            )
        else:
            word = "Asked the supplier and searched; no study of this effect was shown to us."
            _send(candidate, f"claims/{number}/unsupported/", {"word": word}, having="word")
    _press(candidate, "claims/")


def due_diligence(candidate: Candidate, case: Case) -> None:
    """The supplier answers what it answers; what it declines is accepted by name or keeps the gate shut."""
    declined = case.declined
    answers: dict[str, str] = {"said_by": case.said_by}
    for question in load_question_set().questions:
        refused = question.slug in declined
        answers[question.slug] = "declined" if refused else "answered"
        answers[f"{question.slug}-text"] = declined.get(question.slug) or case.answer
    place = "due-diligence/answer/"
    _send(candidate, place, answers, having=load_question_set().questions[0].slug)
    for slug in declined:
        reason = {"reason": case.accepted_because}
        _send(candidate, f"due-diligence/accept/{slug}/", reason, by="liam", having="reason")
    _press(candidate, "due-diligence/")


def options(candidate: Candidate, case: Case) -> None:
    """Doing nothing and a way without AI are weighed on the same scale as the tool, whose cost is computed first."""
    place = f"{candidate.page}costs/case/"
    files = {"case": ("case.yaml", case.cost, "application/yaml")}
    candidate.hospital.visit(MAKER).submit(place, {}, having=HIDDEN, to=place, files=files)
    criteria = [one.slug for one in load_economics().criteria]
    for option in case.options:
        scores = dict(zip(criteria, map(str, option.scores), strict=False))
        row = {
            "name": option.name,
            "kind": option.kind,
            "cost": option.cost,
            "cost_source": option.cost_source,
            "note": option.note,
        }
        _send(candidate, "costs/options/", {**row, **scores}, having="cost_source")
    _send(candidate, "costs/issue/", {"what": "options"}, having="what")


def whole_life_cost(candidate: Candidate, case: Case) -> None:
    """The cost case, read line by line with its sources, is issued with its document."""
    _send(candidate, "costs/issue/", {"what": "cost"}, having="what")


def data_flow(candidate: Candidate, case: Case) -> None:
    """Both legs of the round trip, and the parts of the impact assessment that only a person can write."""
    form = load_data_flow()
    legs = {f"{leg.slug}-{field.slug}": field.example for leg in form.legs for field in form.fields}
    first = f"{form.legs[0].slug}-{form.fields[0].slug}"
    _send(candidate, "governance/data-flow/change/", legs, having=first)
    written = {
        part.slug: case.assessment.get(part.slug, case.assessed)
        for part in load_dpia()
        if not part.from_record
    }
    _send(candidate, "governance/assessment/", written, having=load_dpia()[0].slug)
    _governance("dpia")(candidate)


# --- integrate -----------------------------------------------------------------------------------------------


def self_test(candidate: Candidate, case: Case) -> None:
    """A worker of the gateway tests every connection, and seals its own report."""
    place = "governance/connections/"
    _press(candidate, place)
    maker = candidate.hospital.visit(MAKER)

    def reported() -> bool:
        return "did not pass" in (page := maker.read(f"{candidate.page}{place}")) or "passed" in page.lower()

    candidate.hospital.wait("the connectivity self-test has reported", reported, every_s=0.5)


# --- go live -------------------------------------------------------------------------------------------------


def safety_case(candidate: Candidate, case: Case) -> None:
    """The hazard log is taken in, each residual risk accepted by who may, stated upon, and reported."""
    place = f"{candidate.page}hazards/import/"
    candidate.hospital.visit(MAKER).submit(
        place, {}, having=HIDDEN, to=place, files={"log": ("hazards.yaml", case.hazards, "application/yaml")}
    )
    review_on = (candidate.day + timedelta(days=180)).isoformat()
    for number, level in case.residual_levels().items():
        for signer, role in (("helen", "clinical-safety-officer"), ("karen", "executive"))[
            : max(0, level - 1)
        ]:
            acceptance = {
                "role": role,
                "justification": case.acceptable_because,
                "review_on": review_on,
                "password": PASSWORD,
            }
            place = f"hazards/{number.lower()}/accept/"
            _send(candidate, place, acceptance, by=signer, having="revision_digest")
    statement = {"answer": "yes", "words": case.statement, "password": PASSWORD}
    _send(candidate, "safety-case/statement/", statement, by="helen", having="log_digest")
    _press(candidate, "safety-case/")


def responsibilities(candidate: Candidate, case: Case) -> None:
    """The matrix is written once; everybody who works with the tool says to have read it."""
    _send(candidate, "governance/responsibilities/change/", {}, having="request-accountable")
    for username in sorted({*candidate.team.values(), *case.users}):
        _send(candidate, "governance/responsibilities/", {}, by=username, having="read")
    _governance("responsibilities")(candidate)


def training(candidate: Candidate, case: Case) -> None:
    """The module for exactly this version is taken in; each user judges its cases, failures of the tool among them."""
    maker = candidate.hospital.visit(MAKER)
    maker.submit(
        "/competences/modules/",
        {},
        having=HIDDEN,
        to="/competences/modules/",
        files={"file": ("training.yaml", case.training, "application/yaml")},
    )
    for username, role in case.users.items():
        _send(candidate, "training/", {"person": username, "role": role}, having="person")
        _pass_assessment(candidate, username, case)
    _send(candidate, "training/issue/", {}, having="target")


def _pass_assessment(candidate: Candidate, username: str, case: Case) -> None:
    learner = candidate.hospital.visit(username)
    listed = learner.read("/competences/modules/")
    title = case.module_title()
    found = re.search(rf'href="(/competences/modules/\d+/)"[^>]*>\s*{re.escape(title)}', listed)
    expect(found is not None, f"the module '{title}' is not on the list of modules.")
    place = f"{found.group(1) if found else ''}assessment/"
    learner.submit(place, case.key(), to=place)


def patient_information(candidate: Candidate, case: Case) -> None:
    """What the record does not know is filled in; the text is made, read and published."""
    asks = {ask.slug: case.patients[ask.slug] for ask in load_patient_text().asks}
    _send(candidate, "governance/patient-information/write/", asks, having=next(iter(asks)))
    _press(candidate, "governance/patient-information/")
    _governance("patient-information")(candidate)


def alarm_rules(candidate: Candidate, case: Case) -> None:
    """The national starting point, changed where this tool needs it, and issued to be signed."""
    draft = candidate.hospital.visit(MAKER).form(f"{candidate.page}alarms/draft/", "rules-TOTAL_FORMS").fields
    _send(candidate, "alarms/draft/", case.rules(draft), having="rules-TOTAL_FORMS")
    _press(candidate, "alarms/")


MAKERS: dict[str, Maker] = {
    "patient-view": patients_asked,
    "device-registration": device,
    "intended-use": intended_use,
    "it-readiness": readiness,
    "claims": claims,
    "due-diligence": due_diligence,
    "option-appraisal": options,
    "whole-life-cost": whole_life_cost,
    "dpia": data_flow,
    "connectivity": self_test,
    "safety-case": safety_case,
    "responsibilities": responsibilities,
    "training": training,
    "patient-information": patient_information,
    "stop-rule": alarm_rules,
}
ALSO_ANSWERED = frozenset({"residual-risk"})  # by the safety case's own issuing
