"""Act one: a need, a tool, and the gates until it may run in silence."""

from __future__ import annotations

from concurrent.futures import Future
from dataclasses import dataclass
from datetime import date

from alarp.demo.hospital import PASSWORD, Hospital, expect
from alarp.demo.journey.evaluations import Evaluation
from alarp.demo.journey.gates import Candidate
from alarp.demo.telling import Story
from alarp.kernel import AlarpError


@dataclass(frozen=True, slots=True)
class Proposal:
    """What the ward asks for."""

    slug: str
    tool: str
    label: str  # as the product register shows the version
    use: str
    problem: str
    baseline: str
    by: str
    role: str
    headline: tuple[str, str]  # measure and subgroup that the story tells
    supply_led: bool = False  # the idea came from the supplier, and that shows


NODULEFLAG = Proposal(
    slug="noduleflag-riverside",
    tool="NoduleFlag",
    label="NoduleFlag 2.1.0",
    use="Read suspicious chest films first",
    problem="Chest films wait up to nine days for a report; those with a nodule wait as long as the others.",
    baseline="Median wait for a chest film with a nodule: 6 days (demonstration figure, 40 films, October 2026)",
    by="dana",
    role="Lead radiographer",
    headline=("auc", "all"),
)
LIVERCONTOUR = Proposal(
    slug="livercontour-riverside",
    tool="LiverContour",
    label="LiverContour 1.4.2",
    use="Draw the liver for planning, for a clinician to edit",
    problem="Drawing the liver by hand takes a dosimetrist 25 minutes, and two of them differ by several millimetres.",
    baseline="25 minutes a liver by hand (demonstration figure, 12 patients, October 2026)",
    by="amara",
    role="Clinical oncology lead",
    headline=("dice", "liver"),
)


LUNGCONTOUR = Proposal(
    slug="lungcontour-riverside",
    tool="LungContour",
    label="LungContour 0.9.0",
    use="Draw both lungs for planning, for a clinician to edit",
    problem="Drawing the lungs by hand takes a dosimetrist 15 minutes a plan.",
    baseline="15 minutes a plan by hand (demonstration figure, 10 patients, October 2026)",
    by="amara",
    role="Clinical oncology lead",
    headline=("dice", "lungs"),
    supply_led=True,
)


def propose(hospital: Hospital, story: Story, wish: Proposal, day: date) -> Candidate:
    """A frontline role states the need; a team is gathered."""
    who = hospital.visit(wish.by)
    versions = who.choices("/deployments/propose/", "version")
    version = next(value for label, value in versions.items() if label.startswith(wish.label))
    who.submit(
        "/deployments/propose/",
        {
            "version": version,
            "site": "riverside",
            "slug": wish.slug,
            "use": wish.use,
            "problem": wish.problem,
            "baseline": wish.baseline,
            "raised_by_role": wish.role,
            **({"supply_led": "on"} if wish.supply_led else {}),
        },
        having="slug",
    )
    candidate = Candidate(hospital, story, wish.slug, wish.tool, day)
    candidate.gather_team("bethan")
    story.tell(
        f"{wish.tool}: proposed by a {wish.role.lower()}; a team of {len(candidate.team)} roles stands behind it."
    )
    return candidate


def be_refused(candidate: Candidate) -> None:
    """Nobody signs without evidence, and no supplier signs at all, not even past the page that offers no form."""
    gate = candidate.pathway.gate("need")
    signature = {"role": "clinical-lead", "outcome": "approve", "reason": "", "password": PASSWORD}
    supplier = candidate.hospital.visit("quentin")
    attempts = {
        "amara": lambda: candidate.sign(gate, "clinical-lead"),
        "quentin": lambda: supplier.submit(candidate.page, signature, to=f"{candidate.page}gates/need/"),
    }
    for username, attempt in attempts.items():
        try:
            attempt()
        except AlarpError as refusal:
            name = candidate.name_of(username)
            candidate.story.tell(f"{candidate.tool}: {name} is refused at gate 'need': {refusal}")
        else:
            expect(False, f"{username} could sign gate 'need' without evidence.")


def appraise(candidate: Candidate) -> None:
    """Need and appraise: is there a problem, and is this a lawful device for it?"""
    for slug in ("need", "appraise"):
        candidate.tell_gate(candidate.pass_gate(slug))
        candidate.story.step()


def to_silent(candidate: Candidate, evaluated: Future[Evaluation], headline: tuple[str, str]) -> None:
    """Evaluate and procure, on what was measured here: then the route opens for silent running."""
    evaluation = evaluated.result()
    candidate.story.tell(f"{candidate.tool}: evaluated here. {evaluation.sentence(*headline)}")
    candidate.tell_gate(candidate.pass_gate("evaluate", {"local-evaluation": evaluation.paper()}))
    candidate.story.step()
    candidate.tell_gate(candidate.pass_gate("procure"))
    candidate.story.step()


def be_stopped(candidate: Candidate, evaluation: Evaluation) -> None:
    """The claims don't hold: the statistician refuses with the numbers, the clinical lead stops the tool at this gate."""
    missed = evaluation.unmet()
    expect(bool(missed), f"every claim about {candidate.tool} was kept.")
    gate = candidate.answer_gate("evaluate", {"local-evaluation": evaluation.paper()})
    reason = (
        f"{len(missed)} of {len(evaluation.result['claims'])} claims do not hold here: {'; '.join(missed)}."
    )
    candidate.sign(gate, "statistician", outcome="refuse", reason=reason)
    candidate.hospital.visit(candidate.team["clinical-lead"]).submit(
        f"{candidate.page}stop/",
        {"role": "clinical-lead", "reason": reason, "password": PASSWORD},
        having="reason",
    )
    candidate.story.tell(f"{candidate.tool}: refused and stopped at gate 'evaluate'. {reason}")
