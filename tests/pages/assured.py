"""Something to look at on the pages of assurance: a recall, a proof, probes, and a site that reads without AI."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any


def assure(live: Any, person: Callable[[str], Any]) -> dict[str, Any]:
    """A study recalled and answered, one proof, two probes (one broke), and a Trust beside ours that reads without AI."""
    from alarp.kernel import digest
    from alarp.records import clock
    from alarp.records.assurance import proofs, recalls, switch
    from alarp.records.assurance.models import Downtime, OptOutProof, Probe, Recall
    from alarp.records.ledger.models import Dispatch
    from alarp.records.people.models import Organisation

    now = clock.now()
    sent = Dispatch.objects.filter(deployment=live, sent_at__isnull=False).order_by("-pk").first()
    assert sent is not None
    recall = Recall(
        dispatch=sent,
        images=1,
        unanswered=2,
        asked_at=now - timedelta(days=40),
        due_at=now - timedelta(days=12),
        letter="To Brightlung Ltd\n\nDeletion of data\n\nPatient (pseudonym): ALARPXYZ",
    )
    recall.save()
    recalls.write_down(
        recall,
        "sent",
        "By e-mail to the privacy desk.",
        now.date() - timedelta(days=39),
        by=person("pacs-manager"),
    )
    computed = proofs.prove(now - timedelta(days=1), now + timedelta(minutes=1), by=person("pacs-manager"))
    left = {
        "study": sent.study_id, "deployment": live.slug, "images": 1, "first_at": now.isoformat(), "last_at": now.isoformat(),
        "said_no": "opt-out 1", "since": (now - timedelta(days=2)).isoformat(),
        "because": "Message 12, ADT^A40 said on 2026-06-03 at 14:02 that both numbers are one patient's.",
    }  # fmt: skip
    body = computed.body | {"merged": [left], "before": [left | {"because": ""}]}
    proof = OptOutProof(
        begin=computed.begin,
        end=computed.end,
        proven=True,
        body=body,
        sha256=digest(body),
        by=computed.by,
        at=now,
    )
    proof.save()
    for number, state in ((1, Probe.PASSED), (2, Probe.PASSED), (3, Probe.FAILED)):
        at = now - timedelta(hours=4 - number)
        Probe.objects.create(
            deployment=live,
            number=number,
            asked_at=at,
            study_uid=f"2.25.{900 + number}",
            state=state,
            phase="return" if state == Probe.FAILED else "file",
            sentence="The tool has it; no result has come back."
            if state == Probe.FAILED
            else "The result came back.",
            steps=[
                {"phase": "resolve", "at": at.isoformat(), "after_s": 0.01, "says": "The name is known."},
                {"phase": "send", "at": at.isoformat(), "after_s": 0.3, "says": "The gateway has it."},
            ],
            ended_at=at + timedelta(seconds=12 + number),
        )
    Downtime.objects.create(
        deployment=live,
        began_at=now - timedelta(hours=9),
        phase="connect",
        sentence="The tool does not answer.",
        ended_at=now - timedelta(hours=8),
    )
    switch.begin(
        Organisation.objects.get(slug="hill"), "The link to the data centre is cut.", by=person("stranger")
    )
    return {"recall": recall.pk, "proof": proof.pk, "site": "moorgate", "switched_site": "hill"}
