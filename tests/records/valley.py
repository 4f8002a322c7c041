"""A small Trust to test in: one person for each role, one supplier with two versions, helpers for the long way to live."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from typing import Any

from written_again import written

from alarp.kernel import Design, Outcome
from alarp.pathway import Gate
from alarp.records import clock
from alarp.records.deployments import commands, queries
from alarp.records.deployments.commands import StepUp
from alarp.records.deployments.models import Decision, Deployment
from alarp.records.evidence import commands as evidence_commands
from alarp.records.evidence.models import Evidence
from alarp.records.ledger.commands import register_peer
from alarp.records.ledger.models import Peer
from alarp.records.people.commands import set_up
from alarp.records.people.models import Organisation, Person
from alarp.records.permissions import PROFESSIONS
from alarp.records.products.models import Version

STATEMENTS = {
    "indication": "Suspected nodule",
    "body_part": "Chest",
    "population": "Adults",
    "user": "Radiologists",
    "environment": "Hospital",
    "principle": "Blob detection",
    "rules": {"modalities": ["CR"]},
}
TABLE: dict[str, Any] = {
    "organisations": [
        {"slug": "nation", "name": "National programme", "tier": "national"},
        {"slug": "north", "name": "Northern region", "tier": "region", "parent": "nation"},
        {"slug": "valley", "name": "Valley NHS Trust", "tier": "trust", "parent": "north"},
        {"slug": "river", "name": "River Hospital", "tier": "site", "parent": "valley"},
        {"slug": "hill", "name": "Hill NHS Trust", "tier": "trust", "parent": "north"},
        {"slug": "lungco", "name": "Lungco Ltd", "tier": "supplier"},
        {"slug": "otherco", "name": "Otherco Ltd", "tier": "supplier"},
    ],
    "products": [
        {
            "slug": "flag",
            "name": "Flag",
            "supplier": "lungco",
            "kind": "detection",
            "versions": [
                {"number": "1.0", "intended_use": STATEMENTS},
                {"number": "2.0", "intended_use": STATEMENTS},
            ],
        },
        {"slug": "other", "name": "Other", "supplier": "otherco", "kind": "detection", "versions": [{"number": "1.0"}]},
    ],
    "people": [
        *({"username": role, "full_name": f"The {role}", "organisation": "valley", "roles": [role]} for role in sorted(PROFESSIONS)),
        {"username": "writer", "full_name": "The writer", "organisation": "valley", "roles": ["data-analyst"]},
        {"username": "admin", "full_name": "The administrator", "organisation": "valley", "roles": ["administrator"]},
        {"username": "region", "full_name": "The regional lead", "organisation": "north", "roles": ["region-lead"]},
        {"username": "vendor", "full_name": "The vendor", "organisation": "lungco", "roles": ["supplier"]},
        {"username": "rival", "full_name": "The rival", "organisation": "otherco", "roles": ["supplier"]},
        {"username": "stranger", "full_name": "The stranger", "organisation": "hill", "roles": ["lead-physicist"]},
    ],
}  # fmt: skip


def build() -> None:
    """Write the Trust; the same call twice leaves one Trust."""
    written("trust", lambda: set_up(TABLE))


def person(username: str) -> Person:
    return Person.objects.get(username=username)


def organisation(slug: str) -> Organisation:
    return Organisation.objects.get(slug=slug)


def version(number: str = "1.0", product: str = "flag") -> Version:
    return Version.objects.get(product__slug=product, number=number)


SPINE_ALONE = "national-2026.1"  # the pathway whose gates ask for evidence alone, before the checks


def proposed(
    slug: str = "flag-river",
    *,
    without: Iterable[str] = (),
    hours: float = 4,
    pathway: str = SPINE_ALONE,
) -> Deployment:
    """A deployment at need, with a person in every role of its team but those left out."""
    team = tuple(sorted(PROFESSIONS - set(without)))

    def propose() -> None:
        deployment = commands.propose(
            version(),
            organisation("river"),
            slug,
            "Read first",
            "Films wait",
            by=person("radiographer"),
            pathway=pathway,
        )
        for role in team:
            commands.join_team(deployment, role, person(role), hours, by=person("service-manager"))

    written(("proposed", slug, team, hours, pathway), propose)
    return Deployment.objects.get(slug=slug)


def connected(deployment: Deployment) -> Peer:
    """This deployment's tool, entered as a peer: traffic may reach it."""
    return register_peer(
        aet="READER",
        name="Reader",
        kind="tool",
        host="127.0.0.1",
        port=104,
        deployment=deployment,
        by="set-up",
    )


def proof_of_self() -> StepUp:
    return StepUp("password", clock.now())


def paper(kind: str, number: str = "1.0", *, by: str = "writer", title: str = "", **more: Any) -> Evidence:
    """One piece of evidence about this version, by somebody who signs nothing."""
    values: dict[str, Any] = {
        "dated": clock.now().date() - timedelta(days=1),
        "design": Design.DOCUMENT,
        "organisation": organisation("valley"),
        "body": {"says": "yes"},
        **more,
    }
    return evidence_commands.record(
        kind,
        title or f"Paper on {kind}",
        version(number),
        values.pop("organisation"),
        by=person(by),
        **values,
    )


def answered(deployment: Deployment, gate: str, *, leave_out: Iterable[str] = ()) -> Gate:
    """Every criterion of this gate has its evidence, about the version that the deployment runs."""
    deployment.refresh_from_db()
    found = queries.pathway_of(deployment).gate(gate)
    by_kind: dict[str, Evidence] = {}
    for criterion in found.criteria:
        if criterion.slug in leave_out:
            continue
        kind = criterion.evidence_kind
        by_kind.setdefault(kind, paper(kind, deployment.version.number))
        commands.answer(deployment, gate, criterion.slug, by_kind[kind], by=person("writer"))
    return found


def sign(deployment: Deployment, gate: str, role: str, **more: Any) -> Decision:
    """The person of this role looks at the gate as it stands and signs it."""
    values: dict[str, Any] = {
        "outcome": Outcome.APPROVE,
        "reason": "",
        "evidence_digest": queries.gate_view(deployment, gate).evidence_digest,
        "step_up": proof_of_self(),
        "by": person(role),
        **more,
    }
    return commands.decide(deployment, gate, role, **values)


def pass_gate(deployment: Deployment, gate: str, *, meaning: str | None = None) -> None:
    """Answer every criterion of the gate and collect every signature it needs."""

    def pass_it() -> None:
        for role in answered(deployment, gate).roles:
            sign(deployment, gate, role, meaning=meaning)

    written(("passed", deployment.slug, gate, meaning), pass_it)


def bring_to(deployment: Deployment, stage: str) -> Deployment:
    """Open gate after gate until the deployment stands in this stage."""
    while True:
        deployment.refresh_from_db()
        if deployment.stage == stage:
            return deployment
        waiting = queries.next_gate(deployment)
        assert waiting is not None
        pass_gate(deployment, waiting)
