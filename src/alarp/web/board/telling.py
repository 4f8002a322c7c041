"""How is an audit event told to a person? One sentence: who did what, to what; the reason beside it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from alarp.web import words

# The action as the audit trail has it → the sentence. `who` acted; `gate`, `title`, … come from the event.
SENTENCES = {
    "deployment proposed": "{who} proposed {what}.",
    "joined the team": "{person} joined the team of {what}, as {role}.",
    "left the team": "{person} left the team of {what}.",
    "criterion answered": "{who} gave “{title}” for the {gate} gate of {what}.",
    "signed: approve": "{who} approved the {gate} gate of {what}, as {role}.",
    "signed: refuse": "{who} refused the {gate} gate of {what}, as {role}.",
    "signed: ask": "{who} asked at the {gate} gate of {what}, as {role}.",
    "gate opened": "The {gate} gate of {what} opened.",
    "gate renewed": "The {gate} gate of {what} was renewed.",
    "gate re-opened": "The {gate} gate of {what} was re-opened.",
    "stage changed": "{what} moved from {from} to {to}.",
    "version changed": "{who} moved {what} from {from} to {to}.",
    "hold raised": "{who} raised a safety hold on {what}; its route is closed.",
    "hold answered": "{who} answered the safety hold on {what}.",
    "route closed": "{who} closed the route of {what}.",
    "route closing lifted": "{who} lifted the closing of the route of {what}.",
    "evidence recorded": "{who} recorded “{title}”.",
    "evidence withdrawn": "{who} withdrew “{title}”.",
    "criterion added": "{who} added a criterion of the Trust's own to the {gate} gate.",
    "study received": "Study {study} arrived from {peer}.",
    "study complete": "Study {study} is complete: {objects} images.",
    "opt-out found on receipt": "The patient of study {study} has opted out: nothing leaves.",
    "opt-out recorded": "{who} recorded an opt-out ({reach}).",
    "opt-out withdrawn": "{who} withdrew an opt-out ({reach}).",
    "dispatch waiting": "Study {study} waits for {what}.",
    "dispatch held": "Study {study} is held back from {what}.",
    "dispatch refused": "Study {study} is not for {what}.",
    "dispatch opted-out": "Study {study} did not go to {what}: the patient has opted out.",
    "dispatch ready": "Study {study} is ready for {what}.",
    "dispatch sent": "Study {study} went to {what}, without its patient.",
    "dispatch returned": "{what} answered for study {study}.",
    "dispatch failed": "Study {study} could not be sent to {what}.",
    "result overdue": "The result of {what} for study {study} is overdue.",
    "result kept": "A result of {what} for study {study} is kept, not filed.",
    "result filed": "A result of {what} for study {study} is in the PACS.",
    "result matched": "A result of {what} was matched to study {study} ({modality}).",
    "result rejected by the PACS": "The PACS rejected a result of {what} for study {study}.",
    "quarantined": "An object went into quarantine.",
    "quarantine resolved": "{who} resolved an object in quarantine.",
    "association refused": "A caller without permission was refused.",
    "peer registered": "A DICOM peer was registered.",
    "peer changed": "A DICOM peer was changed.",
    "signing key created": "A signing key was made.",
    "organisation added": "An organisation was added.",
    "product registered": "A product was registered.",
    "version registered": "A product version was registered.",
}
NOTES = ("sentence", "reason", "because", "concern", "answer", "resolution")
LONGEST = 220


class _Gentle(dict[str, Any]):
    """A word that an event does not carry is left out, never an error: the audit trail outlives this table."""

    def __missing__(self, key: str) -> str:
        return "…"


def told(event: Any, deployment: Any, gates: Mapping[str, str], evidence: Mapping[str, str]) -> str:
    """The event in one sentence; an action that this table does not know is told as it was written."""
    pattern = SENTENCES.get(event.action)
    if pattern is None:
        return f"{event.actor_label}: {words.in_words(event.action)}, {event.subject}."
    details = dict(event.details)
    digest = details.get("evidence")
    gate = _gate(event, details)
    role = str(details.get("role", ""))
    known = _Gentle(details)
    known.update(
        who=event.actor_label,
        what=str(deployment) if deployment is not None else "every tool",
        gate=gates.get(gate, gate).lower(),
        role=words.lowered(words.role(role)) if role else "…",
        study=subject_study(event) or "…",
        title=details.get("title")
        or (evidence.get(digest, "a paper") if isinstance(digest, str) else "a paper"),
    )
    return pattern.format_map(known)


def note(event: Any) -> str:
    """The detail that a person reads first: the reason, the concern, the answer."""
    for name in NOTES:
        text = event.details.get(name)
        if isinstance(text, str) and text:
            return text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"
    return ""


def subject_study(event: Any) -> int | None:
    """The number of the study that the event is about."""
    kind, _, number = event.subject.partition(" ")
    return int(number) if kind == "study" and number.isdigit() else None


def about_a_study(event: Any) -> bool:
    """Is this the gateway's traffic, which only some roles may see?"""
    return event.subject.startswith(("study ", "object ", "opt-out ", "caller "))


def _gate(event: Any, details: Mapping[str, Any]) -> str:
    parts = event.subject.split(" ")
    return str(details.get("gate") or (parts[parts.index("gate") + 1] if "gate" in parts[:-1] else ""))
