"""What happened, and does the chain of events still hold?"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC
from typing import Any

from django.utils.timezone import localtime

from alarp.kernel import BadInput, BrokenEvidence, Tier
from alarp.pathway.proof import HEADS_TYPE, keyid_of, open_sealed, statement
from alarp.records import clock
from alarp.records.audit.commands import event_hash
from alarp.records.audit.models import AuditEvent, AuditStream
from alarp.records.evidence import keys
from alarp.records.evidence.models import SigningKey
from alarp.records.people.models import Organisation

__all__ = ["StreamCheck", "events", "export_heads", "verify"]

GENESIS = "0" * 64
_BATCH = 2000


@dataclass(frozen=True, slots=True)
class StreamCheck:
    """Does this stream's chain hold? If not, the first place where it breaks, in one sentence."""

    stream: str
    events: int
    ok: bool
    sentence: str


def events(stream: str | None = None, before: int | None = None, limit: int = 100) -> tuple[AuditEvent, ...]:
    """The latest events, newest first; `before` is the id of the last one already shown."""
    rows = AuditEvent.objects.select_related("stream", "actor").order_by("-pk")
    if stream is not None:
        rows = rows.filter(stream__slug=stream)
    if before is not None:
        rows = rows.filter(pk__lt=before)
    return tuple(rows[:limit])


def verify(stream: str | None = None, heads: Mapping[str, Any] | None = None) -> tuple[StreamCheck, ...]:
    """Does every event stand unaltered, complete and in order? One answer for each stream.

    Found: an altered row (its hash), a missing one (the numbers, and the stream's own count), a reordered or
    inserted one (the hash before it). With `heads`, exported earlier and kept elsewhere, also a chain that
    somebody wrote anew, or removed, since. Rows are read in batches, never all at once.
    """
    known = _read_heads(heads) if heads is not None else {}
    chains = AuditStream.objects.order_by("slug")
    if stream is not None:
        chains = chains.filter(slug=stream)
    checks = [_verify_stream(chain, known.get(chain.slug)) for chain in chains]
    here = {check.stream for check in checks}
    gone = [slug for slug in known if slug not in here and stream in (None, slug)]
    checks += [
        StreamCheck(
            slug, 0, False, f"The stream is gone; the exported heads know {known[slug][0]} events of it."
        )
        for slug in sorted(gone)
    ]
    return tuple(checks)


def _verify_stream(chain: AuditStream, known: tuple[int, str] | None) -> StreamCheck:
    previous, expected, at_known = GENESIS, 0, GENESIS if known and known[0] == 0 else ""
    for row in _rows(chain):
        expected += 1
        fault = _fault(chain.slug, row, expected, previous)
        if fault:
            return StreamCheck(chain.slug, expected - 1, False, fault)
        previous = row.hash
        if known and row.seq == known[0]:
            at_known = row.hash
    fault = _fault_at_end(chain, expected, previous)
    if not fault and known and at_known != known[1]:
        fault = (
            f"The chain was rewritten: event {known[0]} is not the one in the exported heads."
            if at_known
            else f"Events are missing at the end: the exported heads know {known[0]}, found {expected}."
        )
    if fault:
        return StreamCheck(chain.slug, expected, False, fault)
    beside = "; agrees with the exported heads" if known else ""
    return StreamCheck(chain.slug, expected, True, f"{expected} events, unaltered and in order{beside}.")


def _rows(chain: AuditStream) -> Iterable[AuditEvent]:
    return AuditEvent.objects.filter(stream=chain).order_by("seq", "pk").iterator(chunk_size=_BATCH)


def _fault(slug: str, row: AuditEvent, expected: int, previous: str) -> str:
    if row.seq > expected:
        return f"Event {expected} is missing; the next one is {row.seq}."
    if row.seq < expected:
        return f"Event {row.seq} is there twice."
    if row.previous != previous:
        return f"Event {row.seq} does not follow the one before it: an event was reordered, inserted or rewritten."
    sealed = event_hash(
        stream=slug,
        seq=row.seq,
        at=row.at,
        actor=row.actor_label,
        actor_id=row.actor_id,
        action=row.action,
        subject=row.subject,
        details=row.details,
        previous=row.previous,
    )
    if sealed != row.hash:
        return f"Event {row.seq} ('{row.action}', {localtime(row.at):%d %B %Y %H:%M}) was altered."
    return ""


def _fault_at_end(chain: AuditStream, found: int, last: str) -> str:
    if found < chain.count:
        return f"Events {found + 1} to {chain.count} are missing at the end."
    if found > chain.count:
        return f"{found - chain.count} events were added behind the stream's back: it counts {chain.count}, found {found}."
    if last != chain.head:
        return "The stream's head is not its last event: the chain was rewritten."
    return ""


def export_heads() -> dict[str, Any]:
    """The head of every chain, sealed with each Trust's key: keep it away from this machine.

    A chain that is rewritten whole, head and all, still verifies by itself; it does not against this.
    """
    streams = {c.slug: {"count": c.count, "head": c.head} for c in AuditStream.objects.order_by("slug")}
    said = {"exported_at": clock.now().astimezone(UTC).isoformat(timespec="seconds"), "streams": streams}
    value = statement(subjects=[], predicate_type=HEADS_TYPE, predicate=said)
    sealed = {}
    for trust in Organisation.objects.filter(tier=Tier.TRUST).order_by("slug"):
        sealed[trust.slug] = {
            "envelope": keys.seal_for(trust, value),
            "public_key": keys.current(trust).public_pem,
        }
    return {"format": "alarp-audit-heads-1", **said, "sealed": sealed}


def _read_heads(heads: Mapping[str, Any]) -> dict[str, tuple[int, str]]:
    """The heads as they were sealed; an altered file is refused."""
    if heads.get("format") != "alarp-audit-heads-1" or not isinstance(heads.get("streams"), Mapping):
        raise BadInput("This is not a file of audit heads. Export one with `alarp audit heads`.")
    sealed = heads.get("sealed")
    if not isinstance(sealed, Mapping) or not sealed:
        raise BrokenEvidence("The file of audit heads carries no seal; export it again.")
    for slug, one in sealed.items():
        try:
            if not SigningKey.objects.filter(keyid=keyid_of(one["public_key"])).exists():
                raise BrokenEvidence(
                    f"The seal of {slug} on the audit heads is of a key that is not known here."
                )
            value = open_sealed(one["envelope"], one["public_key"])
        except (KeyError, TypeError):
            raise BrokenEvidence(f"The seal of {slug} on the audit heads is not complete.") from None
        if value.get("predicate", {}).get("streams") != heads["streams"]:
            raise BrokenEvidence("The audit heads were altered after they were sealed; do not rely on them.")
    return {slug: (int(one["count"]), str(one["head"])) for slug, one in heads["streams"].items()}
