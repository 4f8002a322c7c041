"""How is an audit event told to a person? One sentence: who did what, to what; the reason beside it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.urls import reverse
from django.utils import timezone

from alarp.web import words

Part = tuple[str, str]  # text, and the address it leads to or nothing
_OPEN, _MIDDLE, _CLOSE = "\x01", "\x02", "\x03"
_LINK = re.compile(f"[{_OPEN}{_CLOSE}]")

# The action as the audit trail has it → the sentence. `who` acted; `gate`, `title`, … come from the event.
SENTENCES = {
    "deployment proposed": "{who} proposed {what}.",
    "joined the team": "{person} joined the team of {what}, as {role}.",
    "left the team": "{person} left the team of {what}.",
    "criterion answered": "{who} gave {title} for the {gate} of {what}.",
    "signed: approve": "{who} approved the {gate} of {what}, as {role}.",
    "signed: refuse": "{who} refused the {gate} of {what}, as {role}.",
    "signed: ask": "{who} asked at the {gate} of {what}, as {role}.",
    "gate opened": "The {gate} of {what} opened.",
    "gate renewed": "The {gate} of {what} was renewed.",
    "stopped before go-live": "{who} stopped {what} at the {gate}, before it went live.",
    "gate re-opened": "The {gate} of {what} was re-opened.",
    "stage changed": "{what} moved from {from} to {to}.",
    "version changed": "{who} moved {what} from {from} to {to}.",
    "hold raised": "{who} raised {hold} on {what}; its route is closed.",
    "hold answered": "{who} answered {hold} on {what}.",
    "route closed": "{who} closed the route of {what}.",
    "route closing lifted": "{who} lifted the closing of the route of {what}.",
    "evidence recorded": "{who} recorded {title}.",
    "evidence withdrawn": "{who} withdrew {title}.",
    "criterion added": "{who} added a criterion of the Trust's own to the {gate}.",
    "study received": "{study} arrived from {peer}.",
    "study complete": "{study} is complete: {images}.",
    "study waits for the rest": "{study} waits: its sender says that there is more.",
    "pictures cleared": "{who} looked at the pictures of {study}: none names the patient.",
    "text in pictures blanked": "Text in a picture of {study} was blanked before it went to {what}.",
    "opt-out found on receipt": "The patient of {study} has opted out: nothing leaves.",
    "opt-out recorded": "{who} recorded an opt-out ({reach}).",
    "opt-out withdrawn": "{who} withdrew an opt-out ({reach}).",
    "dispatch waiting": "{study} waits for {what}.",
    "dispatch held": "{study} is held back from {what}.",
    "dispatch refused": "{study} is not for {what}.",
    "dispatch opted-out": "{study} did not go to {what}: the patient has opted out.",
    "dispatch ready": "{study} is ready for {what}.",
    "dispatch sent": "{study} went to {what}, without its patient.",
    "dispatch returned": "{what} answered for {study}.",
    "dispatch failed": "{study} could not be sent to {what}.",
    "result overdue": "The result of {what} for {study} is overdue.",
    "result kept": "A result of {what} for {study} is kept, not filed.",
    "result filed": "A result of {what} for {study} is in the PACS.",
    "result committed": "The PACS answers for a result of {what} for {study}.",
    "result not committed": "The PACS has not said that it answers for a result of {what} for {study}.",
    "result lost by the PACS": "The PACS does not have a result of {what} for {study}; it goes there again.",
    "result matched": "A result of {what} was matched to {study} ({modality}).",
    "result rejected by the PACS": "The PACS rejected a result of {what} for {study}.",
    "quarantined": "An object went into {quarantine}.",
    "quarantine resolved": "{who} closed an entry of the quarantine.",
    "association refused": "A caller without permission was refused.",
    "study fetched": "{what} fetched {study}, without its patient.",
    "study retrieved": "A clinical system retrieved {study}.",
    "pull refused": "{what} asked for {study} and was refused.",
    "peer token issued": "A peer was given a token.",
    "peer token withdrawn": "A peer's token was taken away.",
    "peer registered": "A DICOM peer was registered.",
    "peer changed": "A DICOM peer was changed.",
    "signing key created": "A signing key was made.",
    "organisation added": "An organisation was added.",
    "training module added": "{who} added a training module about {about}.",
    "assessment taken": "{who} took an assessment.",
    "training recorded": "A training was recorded.",
    "training withdrawn": "{who} withdrew a training record.",
    "competences added": "{who} added competences of the Trust's own.",
    "user named": "{who} named {person} as a user of {what}, as {role}.",
    "user ended": "{who} ended {person}'s use of {what}.",
    "role given": "{who} gave somebody the role {role}.",
    "role ended": "{who} ended somebody's role {role}.",
    "interest declared": "Somebody declared an interest in a supplier.",
    "interest ended": "An interest in a supplier has ended.",
    "product registered": "A product was registered.",
    "version registered": "A product version was registered.",
    "device status stated": "{who} stated what a product version is under device law.",
    "intended use stated": "{who} completed an intended use.",
    "supplier document recorded": "{who} brought a supplier's document, {reference}.",
    "cost case saved": "{who} saved a cost case of {what}.",
    "options appraised": "{who} weighed options for {what}.",
    "claim recorded": "{who} wrote down a supplier's claim.",
    "claim linked": "{who} laid evidence beside claim {number} of version {version}.",
    "claim marked unsupported": "{who} marked claim {number} of version {version} as unsupported.",
    "question answered": "{who} wrote down what a supplier answered.",
    "question declined": "{who} wrote down that a supplier declined to answer.",
    "question not-asked": "{who} wrote down that a question was not asked.",
    "declined answer accepted": "{who} accepted that a supplier declined to answer.",
    "evaluation protocol begun": "{who} began protocol {protocol} for an evaluation of {what}.",
    "evaluation protocol saved": "{who} worked on protocol {protocol} for an evaluation of {what}.",
    "evaluation protocol locked": "{who} locked protocol {protocol} for an evaluation of {what}.",
    "test set added": "{who} added test set {test_set} for an evaluation of {what}.",
    "evaluation run asked for": "{who} asked for evaluation run {run} of {what}.",
    "test set opened": "The truth of test set {test_set} was opened for run {run} of {what}.",
    "evaluation run stopped": "{who} stopped evaluation run {run} of {what}.",
    "evaluation run resumed": "{who} let evaluation run {run} of {what} go on.",
    "evaluation run done": "Evaluation run {run} of {what} is done.",
    "evaluation run failed": "Evaluation run {run} of {what} failed.",
    "evaluation run signed": "{who} signed evaluation run {run} of {what} as evidence.",
    "hazard log started": "{who} began the hazard log of {what} with {hazards} hazards.",
    "hazard log imported": "{who} imported a hazard log for {what}.",
    "hazard added": "{who} added hazard {hazard} to the log of {what}.",
    "hazard described anew": "{who} described hazard {hazard} of {what} anew.",
    "hazard scored": "{who} scored hazard {hazard} of {what}: level {initial} before control, {residual} after.",
    "hazard transferred": "{who} transferred hazard {hazard} of {what} to {to}.",
    "hazard closed": "{who} closed hazard {hazard} of {what}.",
    "control added": "{who} proposed control {control} for {what}.",
    "control changed": "{who} set control {control} of {what} from {from} to {to}.",
    "residual risk accepted": "{who} accepted the residual risk of hazard {hazard} of {what}, as {role}.",
    "alarm rules drafted": "{who} worked on the alarm rules of {what}.",
    "alert raised": "An alert was raised on {what}.",
    "alert told": "The {role} of {what} was told of an alert.",
    "alert escalated": "An alert on {what} went on to the {role}.",
    "alert acknowledged": "{who} took an alert on {what} in hand.",
    "alert ended": "An alert on {what} is over.",
    "incident opened": "{who} opened an incident on {what}.",
    "incident note": "{who} wrote into an incident on {what}.",
    "incident made-safe": "{who} made {what} safe after an incident.",
    "incident cause": "{who} found the cause of an incident on {what}.",
    "incident harm": "{who} judged the harm of an incident on {what}.",
    "incident hazard": "{who} tied an incident on {what} to hazard {hazard}.",
    "incident decision": "{who} decided an incident on {what}.",
    "incident reported": "{who} reported an incident on {what}.",
    "incident closed": "{who} closed an incident on {what}.",
    "feedback given": "{who} said that a result of {what} is {verdict}.",
    "feedback answered": "{who} answered what was said of a result of {what}.",
    "review issued": "{who} issued a review of {what}: {decision}.",
    "retirement begun": "The retirement of {what} has begun.",
    "retirement step done": "{who} did a step of the retirement of {what}.",
    "safety statement given": "{who} stated the safety of {what}: {answer}.",
}
NOTES = ("sentence", "reason", "because", "concern", "answer", "resolution")
LONGEST = 220


@dataclass(frozen=True)
class Line:
    """One thing that happened."""

    at: datetime
    parts: tuple[Part, ...]
    note: str = ""
    with_day: bool = False

    @property
    def sentence(self) -> str:
        return "".join(text for text, _ in self.parts)

    @property
    def clock(self) -> str:
        local = timezone.localtime(self.at)
        return f"{local.day} {local:%B}, {local:%H:%M}" if self.with_day else f"{local:%H:%M:%S}"


class _Gentle(dict[str, Any]):
    """A word that an event does not carry is left out, never an error: the audit trail outlives this table."""

    def __missing__(self, key: str) -> str:
        return "…"


def linked(text: str, href: str) -> str:
    """Text that leads somewhere, marked inside a sentence until `parts` takes it apart."""
    return f"{_OPEN}{text}{_MIDDLE}{href}{_CLOSE}" if href else text


def parts(sentence: str) -> tuple[Part, ...]:
    """The sentence as pieces of text, each with the address it leads to (or none)."""
    found: list[Part] = []
    for piece in _LINK.split(sentence):
        text, _, href = piece.partition(_MIDDLE)
        if text:
            found.append((text, href))
    first, href = found[0]
    return ((first[:1].upper() + first[1:], href), *found[1:])


def told(
    event: Any, deployment: Any, gates: Mapping[str, str], evidence: Mapping[str, str]
) -> tuple[Part, ...]:
    """The event in one sentence; an action that this table does not know is told as it was written."""
    pattern = SENTENCES.get(event.action)
    if pattern is None:
        return ((f"{event.actor_label}: {words.in_words(event.action)}, {event.subject}.", ""),)
    role = str(event.details.get("role", ""))
    known = _Gentle({name: _clean(value) for name, value in event.details.items()})
    known.update(
        who=_clean(event.actor_label),
        what=_what(deployment),
        gate=_gate(event, deployment, gates),
        hold=_hold(event, deployment),
        role=words.lowered(words.role(role)) if role else "…",
        study=_study(event),
        title=_title(event, evidence),
        images=_counted(event.details.get("objects"), "image"),
        quarantine=_quarantine(event),
    )
    return parts(pattern.format_map(known))


def _clean(value: Any) -> str:
    """Text from the records cannot make a link of its own."""
    return str(value).translate({ord(mark): None for mark in _OPEN + _MIDDLE + _CLOSE})


def _what(deployment: Any) -> str:
    if deployment is None:
        return "every tool"
    return linked(str(deployment), reverse("deployment", args=[deployment.slug]))


def _gate(event: Any, deployment: Any, gates: Mapping[str, str]) -> str:
    pieces = event.subject.split(" ")
    slug = str(
        event.details.get("gate") or (pieces[pieces.index("gate") + 1] if "gate" in pieces[:-1] else "")
    )
    title = f"{words.lowered(gates.get(slug, slug))} gate"
    known = deployment is not None and slug in gates
    return linked(title, reverse("gate", args=[deployment.slug, slug])) if known else title


def _hold(event: Any, deployment: Any) -> str:
    number = event.subject.split(" ")[1:2]
    if deployment is None or not number or not number[0].isdigit():
        return "a safety hold"
    return linked(f"safety hold {number[0]}", reverse("hold", args=[deployment.slug, int(number[0])]))


def _study(event: Any) -> str:
    number = subject_study(event)
    return linked(f"study {number}", reverse("study", args=[number])) if number else "a study"


def _counted(number: Any, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _quarantine(event: Any) -> str:
    entry = event.details.get("entry")
    return (
        linked("quarantine", reverse("quarantine-item", args=[entry]))
        if isinstance(entry, int)
        else "quarantine"
    )


def _title(event: Any, evidence: Mapping[str, str]) -> str:
    digest = event.details.get("evidence")
    kind, _, rest = event.subject.partition(" ")
    if kind == "evidence":
        digest = rest
    known = isinstance(digest, str) and digest in evidence
    title = f"“{_clean(event.details.get('title') or (evidence[digest] if known else 'a paper'))}”"
    return linked(title, reverse("evidence", args=[digest])) if known else title


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
