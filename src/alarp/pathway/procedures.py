"""How is the work of each gate done, step by step? The standard operating procedures, from the pathway itself.

Need X02: one procedure for each stage, of the same version as the pathway it follows from, so that the
two can never part. A Trust's own criteria stand in its procedures with the reason for them.
"""

from __future__ import annotations

from collections.abc import Mapping

from alarp.pathway.model import APPROVE, CHANGE, REVIEW, Criterion, Gate, Pathway, Role

OPENS = {
    "integrate": "The last signature ends the silent run's preparation for live use; the route stays silent.",
    "procure": "The last signature opens the route in silence: studies are sent, results are kept and not filed.",
    "live": "The last signature opens the route: results are filed to the PACS under the original study.",
    REVIEW: "The signatures decide to continue, to scale or to stop; to stop closes the route and needs no evidence.",
    "retire": "The last signature ends the deployment; nothing is sent any more, every record is kept.",
    CHANGE: "With every re-opened gate signed again the route opens; until then it stays closed.",
}


def as_markdown(pathway: Pathway, roles: Mapping[str, Role]) -> str:
    """Which procedures follow from this pathway? One Markdown section for each gate, in order."""
    parts = [
        f"# Standard operating procedures, pathway {pathway.version}",
        "",
        f"{pathway.title}, published {pathway.published.isoformat()}. One procedure for each gate; they change with the",
        "pathway's version and not otherwise.",
    ]
    for gate in pathway.all_gates:
        parts += ["", *_procedure(gate, roles)]
    return "\n".join(parts) + "\n"


def _procedure(gate: Gate, roles: Mapping[str, Role]) -> list[str]:
    title = {slug: role.title for slug, role in roles.items()}
    signers = [title.get(slug, slug) for slug in gate.roles]
    lines = [f"## {gate.title}", "", f"**Question.** {gate.question}", ""]
    for number, criterion in enumerate(gate.criteria, start=1):
        lines += _step(number, criterion, title)
    lines += [
        f"{len(gate.criteria) + 1}. **Sign.** {_listed(signers)} read the evidence on the gate's page and sign in person,",
        "   each proving again who they are; nobody signs what they wrote themselves, and nobody signs twice.",
        f"   {OPENS.get(gate.slug, 'The last signature opens the gate.')}",
        "",
        "**When it does not hold.** A refusal with its reason keeps the gate shut until the evidence changes. Evidence",
        "that expires, is withdrawn or superseded re-opens the gate, and closes the route where traffic stood on it.",
    ]
    if gate.version_bound:
        lines += ["A new version of the product re-opens this gate: its evidence speaks of one version only."]
    return lines


def _step(number: int, criterion: Criterion, title: Mapping[str, str]) -> list[str]:
    valid = f"; valid {criterion.valid_days} days" if criterion.valid_days else ""
    optional = "" if criterion.mandatory else " (optional)"
    accepts = "" if criterion.meaning == APPROVE else f"; the signature means: {criterion.meaning}"
    lines = [
        f"{number}. **{title.get(criterion.role, criterion.role)}** answers for{optional}: {criterion.asks}",
        f"   Evidence: {criterion.evidence_kind}{valid}{accepts}. Source: {criterion.source}.",
    ]
    if criterion.added_because:
        lines.append(f"   Added by this Trust: {criterion.added_because}")
    return lines


def _listed(names: list[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
