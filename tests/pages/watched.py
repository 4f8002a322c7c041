"""Something to look at on the pages that watch and stop: an alert, an incident, a report of a user, signed rules."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


def stop_rule() -> dict[str, Any]:
    """The national starting rules, as the stop rule's evidence carries them."""
    from alarp.standards.watch import default_alarm_rules, default_review_criteria

    return {
        "alarm_rules": [rule.as_dict() for rule in default_alarm_rules()],
        "review_criteria": [criterion.as_dict() for criterion in default_review_criteria()],
    }


def watch(live: Any, person: Callable[[str], Any]) -> dict[str, Any]:
    """Two alerts (one in hand, with an incident), one report of a reader that waits and one that was answered."""
    from alarp.pathway import Figure, breaches
    from alarp.records import clock
    from alarp.records.ledger.models import Dispatch
    from alarp.records.watch import commands
    from alarp.records.watch.rules import rules_in_force
    from alarp.standards.watch import monitors

    now = clock.now()
    found = (
        Figure("results-missing", "all", 0.09, 0.06, 0.13, 212, now, "19 of 212 results are overdue."),
        Figure("score-drift", "Riverside CR 2", 0.31, 0.24, 0.40, 96, now, "PSI against the silent run."),
    )
    made = [
        commands.raise_alert(live, breach, cause_at=breach.figure.at)[0]
        for breach in breaches(rules_in_force(live), found, monitors())
    ]
    first, drift = sorted(made, key=lambda alert: alert.monitor)
    commands.acknowledge(
        drift, "New detector since Monday; the physicist measures it today.", by=person("lead-physicist")
    )
    officer = person("clinical-safety-officer")
    incident = commands.open_incident(
        live, "Nineteen films had no result by the time they were reported.", alert=first, by=officer
    )
    commands.make_safe(
        incident, "Readers read every film without the tool until results are back.", by=officer
    )
    commands.judge_harm(incident, "none", "Every film was read by a person in time.", device=True, by=officer)
    sent = list(Dispatch.objects.filter(deployment=live, sent_at__isnull=False).order_by("pk")[:2])
    commands.give(sent[0], "wrong", "missed", "Nodule behind the heart, not marked.", by=person("reader"))
    answered = commands.give(sent[-1], "unsure", "wrong-place", by=person("reader"))
    commands.triage(
        answered, "no-action", "We looked together: the mark is right, the film is rotated.", by=officer
    )
    return {
        "alert_number": first.number,
        "incident_number": incident.number,
        "dispatch": sent[0].pk,
        "dispatch_study": sent[0].study_id,
        "feedback": answered.pk,
    }
