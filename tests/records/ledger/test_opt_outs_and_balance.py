"""Is a patient's no found however it was written, and does a day's balance add up?"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from alarp.kernel import BadInput, NotNow, NotPermitted, Unavailable
from alarp.records import clock, objects
from alarp.records.audit.models import AuditEvent
from alarp.records.ledger import commands, dispatches, opt_outs, queries, work
from alarp.records.ledger.arrivals import Arrival, Described, receive
from alarp.records.ledger.models import Dispatch, Instance, OptOut, Peer, Quarantine, Study
from alarp.records.ledger.opt_outs import PatientIds

NHS = "9434765919"  # the example of the NHS Data Dictionary's check digit


@pytest.fixture
def scanner(deployment: Any) -> Peer:
    return commands.register_peer(aet="CT1", name="CT one", kind="source", site=deployment.site, by="set-up")


@pytest.fixture
def front_desk(deployment: Any) -> Any:
    """Whoever may record an opt-out here."""
    from alarp.records import permissions
    from alarp.records.people.models import Person

    return next(p for p in Person.objects.all() if permissions.allowed(p, "record_opt_out", deployment.site))


def arrives(peer: Peer, number: int, study: Described, **more: Any) -> Instance:
    sha256 = objects.put(f"object {number} {more}".encode())
    bare = Arrival(
        sha256=sha256,
        size_bytes=objects.path_of(sha256).stat().st_size,
        sop_uid=f"1.2.{number}",
        sop_class="1.2.840.10008.5.1.4.1.1.2",
        transfer_syntax="1.2.840.10008.1.2.1",
        modality="CT",
        study=study,
    )
    return Instance.objects.get(pk=receive(peer, replace(bare, **more)).instance)


PATIENT = Described(study_uid="1.2.3", patient_id="H 42", issuer="NORTH", nhs_number=NHS, modality="CT")


@pytest.mark.need("G06")
@pytest.mark.parametrize(
    ("said", "barred"),
    [
        (PatientIds(patient_id="h42"), True),
        (PatientIds(nhs_number=NHS), True),
        (PatientIds(patient_id="h42", issuer="north"), True),
        (PatientIds(patient_id="h42", issuer="south"), False),
        (PatientIds(patient_id="h43"), False),
        (PatientIds(patient_id="h43", nhs_number=NHS), True),
    ],
)
def test_an_opt_out_is_found_by_either_number_and_an_issuer_parts_only_where_both_have_one(
    said: PatientIds, barred: bool
) -> None:
    assert said.same_patient(PatientIds("h42", "north", NHS)) is barred


@pytest.mark.need("G06")
def test_a_recorded_opt_out_bars_and_its_withdrawal_restores_future_studies_only(
    deployment: Any, scanner: Peer, front_desk: Any
) -> None:
    study = arrives(scanner, 1, PATIENT).study
    assert study is not None and queries.opted_out(study, deployment) is None
    row = commands.record_opt_out(nhs_number="943 476 5919", organisation=deployment.site, by=front_desk)
    refusal = queries.opted_out(study, deployment)
    assert refusal is not None and "opted out" in refusal.sentence
    commands.withdraw_opt_out(row, by=front_desk)
    assert queries.opted_out(study, deployment) is not None
    assert queries.opted_out(PatientIds.of(study), deployment) is None
    with pytest.raises(NotNow):
        commands.withdraw_opt_out(row, by=front_desk)
    actions = list(AuditEvent.objects.filter(subject=f"opt-out {row.pk}").values_list("action", flat=True))
    assert actions == ["opt-out recorded", "opt-out withdrawn"]
    assert not AuditEvent.objects.filter(details__icontains=NHS).exists()


def test_an_opt_out_from_one_tool_does_not_bar_another(
    deployment: Any, scanner: Peer, front_desk: Any
) -> None:
    study = arrives(scanner, 1, PATIENT).study
    commands.record_opt_out(
        patient_id="H 42", deployment=deployment, organisation=deployment.site, by=front_desk
    )
    assert study is not None and queries.opted_out(study, deployment) is not None
    assert queries.opted_out(study, None) is None


def test_an_opt_out_without_a_patient_or_with_a_wrong_number_or_by_a_stranger_is_refused(
    deployment: Any, front_desk: Any
) -> None:
    with pytest.raises(BadInput, match="names no patient"):
        commands.record_opt_out(organisation=deployment.site, by=front_desk)
    with pytest.raises(BadInput, match="not an NHS number"):
        commands.record_opt_out(nhs_number="9434765918", organisation=deployment.site, by=front_desk)
    from alarp.records.people.models import Person

    stranger = Person.objects.get(username="stranger")
    with pytest.raises(NotPermitted):
        commands.record_opt_out(nhs_number=NHS, organisation=deployment.site, by=stranger)
    assert not OptOut.objects.exists()


@pytest.mark.need("G06")
@pytest.mark.parametrize(
    "content",
    [
        None,
        "",
        "name,surname\na,b\n",
        b"\xff\xfe\x00nhs",
        "nhs_number,patient_id\n943 476 5918,\n",  # a number that is nobody's: whose no is it?
        "nhs_number,patient_id,issuer\n,H 41,\n,,NORTH\n",
    ],
)
def test_a_list_that_cannot_be_read_is_no_answer(
    tmp_path: Any, monkeypatch: pytest.MonkeyPatch, content: Any, db: None
) -> None:
    file = tmp_path / "list.csv"
    if content is not None:
        file.write_bytes(content if isinstance(content, bytes) else content.encode())
    settings = replace(opt_outs.configuration(), opt_out_file=str(file))
    monkeypatch.setattr(opt_outs, "configuration", lambda: settings)
    with pytest.raises(Unavailable) as said:
        opt_outs.find(PatientIds(patient_id="h42"), deployment=None, since=clock.now())
    assert said.value.phase == "opt-out"


@pytest.mark.need("G06")
@pytest.mark.parametrize("heading", ["nhs_number", "NHS Number", "nhs-number ", "NHS_NUMBER"])
@pytest.mark.parametrize("written", ["943 476 5919", "943-476-5919", "9434765919", "943\u2011476\u20115919"])
def test_a_number_on_the_list_is_found_however_it_and_its_column_are_written(
    tmp_path: Any, monkeypatch: pytest.MonkeyPatch, heading: str, written: str, db: None
) -> None:
    file = tmp_path / "list.csv"
    file.write_text(f"Patient ID,{heading}\n,{written}\nH 42,\n", encoding="utf-8")
    settings = replace(opt_outs.configuration(), opt_out_file=str(file))
    monkeypatch.setattr(opt_outs, "configuration", lambda: settings)
    for said_no in (PatientIds(nhs_number=NHS), PatientIds(patient_id="h42")):
        assert opt_outs.find(said_no, deployment=None, since=clock.now()) is not None
    assert opt_outs.find(PatientIds("h43", "", "9434765870"), deployment=None, since=clock.now()) is None


@pytest.mark.need("G01")
def test_each_instance_of_a_day_is_counted_once_with_its_reason(deployment: Any, scanner: Peer) -> None:
    other = Described(study_uid="1.2.4", patient_id="H 43", modality="MR", body_part="KNEE")
    for number in (1, 2):
        arrives(scanner, number, PATIENT)
    arrives(scanner, 3, other)
    arrives(scanner, 3, other, sha256=objects.put(b"other content"), size_bytes=13)
    studies = Study.objects.order_by("pk")
    Dispatch.objects.create(
        study=studies[0], deployment=deployment, state=Dispatch.OPTED_OUT, phase="opt-out",
        reason="The patient has opted out.", created_at=clock.now(), changed_at=clock.now(),
    )  # fmt: skip
    dispatch = Dispatch.objects.get()
    for instance in Instance.objects.filter(study=studies[0]):
        dispatch.items.create(instance=instance)
    balance = queries.reconcile(clock.now().astimezone().date())
    assert (balance.received, balance.opted_out, balance.held, balance.sent) == (4, 2, 2, 0)
    assert balance.balanced and balance.quarantined == 1
    reasons = dict(balance.reasons)
    assert reasons["The patient has opted out."] == 2
    assert sum(n for reason, n in reasons.items() if reason.startswith("Quarantined")) == 1


@pytest.mark.need("G01")
def test_a_lost_file_or_a_forgotten_study_unbalances_the_day(deployment: Any, scanner: Peer) -> None:
    instance = arrives(scanner, 1, PATIENT)
    today = clock.now().astimezone().date()
    assert queries.reconcile(today).balanced
    (step,) = [s for s in _due_now() if s.kind == "complete"]
    work.finish(step)
    forgotten = queries.reconcile(today)
    assert not forgotten.balanced and "nobody will close" in forgotten.sentence
    objects.path_of(instance.sha256).unlink()
    lost = queries.reconcile(today)
    assert lost.missing_files == 1 and "missing from the store" in lost.sentence


def _due_now() -> list[work.Claim]:
    from alarp.records.ledger.models import Work

    Work.objects.update(due_at=clock.now() - timedelta(seconds=1))
    return work.claim("test", 10)


def test_a_quarantined_object_is_resolved_once_and_with_words(
    deployment: Any, scanner: Peer, monkeypatch: pytest.MonkeyPatch, front_desk: Any
) -> None:
    monkeypatch.setattr(commands.permissions, "check", lambda *_: None)
    arrives(scanner, 1, PATIENT, trouble="The header cannot be read.")
    item = Quarantine.objects.get()
    assert list(queries.quarantine_open()) == [item]
    with pytest.raises(BadInput):
        commands.resolve_quarantine(item, resolution=" ", by=front_desk)
    commands.resolve_quarantine(item, resolution="The scanner was repaired.", by=front_desk)
    assert list(queries.quarantine_open()) == []
    with pytest.raises(NotNow):
        commands.resolve_quarantine(item, resolution="Again.", by=front_desk)


def test_a_tool_without_a_deployment_or_an_address_is_no_peer(deployment: Any) -> None:
    with pytest.raises(BadInput, match="belongs to a deployment"):
        commands.register_peer(aet="TOOL", name="Tool", kind="tool", host="h", port=104, by="set-up")
    with pytest.raises(BadInput, match="host and port"):
        commands.register_peer(aet="PACS", name="PACS", kind="pacs", by="set-up")
    with pytest.raises(BadInput, match="AE title"):
        commands.register_peer(aet="A\\B", name="x", kind="source", by="set-up")


def test_the_journey_tells_what_happened_without_naming_anybody(deployment: Any, scanner: Peer) -> None:
    study = arrives(scanner, 1, PATIENT).study
    assert study is not None
    (step,) = [s for s in _due_now() if s.kind == "complete"]
    Study.objects.update(last_received_at=clock.now() - timedelta(hours=1))
    assert dispatches.complete(step, study.pk)
    (step,) = [s for s in _due_now() if s.kind == "decide"]
    dispatches.decide(step, study.pk)
    study.refresh_from_db()
    text = " ".join(one.sentence for one in queries.journey(study))
    assert "Received from CT one" in text and "complete" in text
    assert "H 42" not in text and NHS not in text


def test_the_signed_state_alone_is_the_switch_and_a_hold_stops_the_very_next_image(
    deployment: Any, scanner: Peer
) -> None:
    import valley

    from alarp.gateway.steps.proving import Barred
    from alarp.gateway.steps.sending import Gate
    from alarp.records.deployments import commands as doors

    study = arrives(scanner, 1, PATIENT).study
    dispatch = Dispatch.objects.create(
        study=study, deployment=deployment, state=Dispatch.READY, phase="send", created_at=clock.now(), changed_at=clock.now()
    )  # fmt: skip
    with pytest.raises(Barred, match="route was closed"):
        Gate(dispatch).may_leave()
    valley.bring_to(deployment, "integrate")
    gate = Gate(dispatch)
    assert gate.may_leave() == "silent"
    valley.bring_to(deployment, "live")
    assert gate.may_leave() == "live"
    officer = valley.person("clinical-safety-officer")
    doors.raise_hold(
        deployment,
        concern="Wrong side marked.",
        exit_criterion="Ten films read again.",
        officer=officer,
        by=valley.person("radiographer"),
    )
    with pytest.raises(Barred, match="Safety hold 1") as bar:
        gate.may_leave()
    assert bar.value.state == Dispatch.HELD


@pytest.mark.need("G01")
def test_an_image_that_was_left_out_when_its_study_was_sent_unbalances_the_day(
    deployment: Any, scanner: Peer
) -> None:
    """A tool that answered the first half of a study once ended the sending of the rest (found by tests/chaos)."""
    instances = [arrives(scanner, number, PATIENT) for number in (1, 2)]
    Study.objects.update(completed_at=clock.now())
    dispatch = Dispatch.objects.create(
        study=instances[0].study, deployment=deployment, state=Dispatch.RETURNED, phase="match",
        created_at=clock.now(), changed_at=clock.now(), sent_at=clock.now(), due_at=clock.now(),
        returned_at=clock.now(),
    )  # fmt: skip
    for instance, sent_at in zip(instances, (clock.now(), None), strict=True):
        dispatch.items.create(instance=instance, sent_at=sent_at)
    balance = queries.reconcile(clock.now().astimezone().date())
    assert not balance.balanced
    assert balance.stranded == ("1 images that nobody will send, of studies that have gone",)
