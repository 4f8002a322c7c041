"""Does a study of our own come through? One step, taken up again until the probe has come back or has failed.

First it is sent to our own listener, as a scanner would: resolve, connect, associate, send. From there on it is an
ordinary study. Then the step looks every second or two where it stands, and compares what came back with what was made.
"""

from __future__ import annotations

import socket
import tempfile
from datetime import datetime, timedelta
from pathlib import Path

from django.db import transaction
from pydicom.uid import generate_uid
from pynetdicom import AE, evt
from pynetdicom.association import Association

from alarp.gateway import associations, sockets
from alarp.gateway.associations import Outgoing
from alarp.identity import read_header
from alarp.kernel import BadInput, sha256_hex
from alarp.records import clock, objects
from alarp.records.assurance import probes
from alarp.records.assurance.models import Probe
from alarp.records.configuration import configuration
from alarp.records.ledger import choosing, work
from alarp.records.ledger.models import Instance, Peer, Study
from alarp.records.ledger.work import Claim

LOOK_AGAIN_S = 1.0
LOCAL = ("", "0.0.0.0", "::")
SUCCESS = 0x0000
DESCRIBED = (
    *("patient_name", "birth_date", "sex", "age_years", "accession", "study_date"),
    *("modality", "body_part", "view", "manufacturer", "model", "software"),
)


class Broke(Exception):
    """The probe broke: in this phase, for this reason."""

    def __init__(self, phase: str, sentence: str) -> None:
        super().__init__(sentence)
        self.phase, self.sentence = phase, sentence


def ask_for_due_ones(moment: datetime) -> None:
    """The schedule: a probe for each open route whose time has come."""
    for deployment in probes.due(moment):
        probes.ask(deployment, generate_uid(prefix=None), by=None)


def probe(step: Claim) -> None:
    """Send the probe, or see how far it has come."""
    related = ("deployment__version__product", "deployment__site", "study")
    found = Probe.objects.select_related(*related).get(pk=int(step.payload["probe"]))
    if found.state not in probes.OPEN:
        with transaction.atomic():
            work.finish(step)
        return
    try:
        if found.state == Probe.ASKED:
            _set_out(step, found)
        else:
            _look(step, found)
    except Broke as broke:
        probes.conclude(step, found, failed_in=broke.phase, sentence=broke.sentence)


def _set_out(step: Claim, found: Probe) -> None:
    settings = configuration()
    host = "127.0.0.1" if settings.gateway_host in LOCAL else settings.gateway_host
    port = settings.gateway_port
    with tempfile.TemporaryDirectory(dir=objects.incoming_folder(), prefix="probe-") as folder:
        outgoing = _made(found, Path(folder))
        source = _source(found)
        _announce(found, source, outgoing)
        _reach(found, host, port)
        _deliver(found, host, port, source, outgoing)
    with transaction.atomic():
        work.postpone(step, due_at=clock.now() + timedelta(seconds=LOOK_AGAIN_S))
        probes.entered(found, probes.PROCESS, "The gateway has it.", state=Probe.UNDER_WAY)


def _made(found: Probe, folder: Path) -> Outgoing:
    """A picture that the tool's intended use lets through; the same probe makes the same bytes again."""
    from alarp.gateway.phantoms import picture  # brings numpy: only where a probe is made

    stated, narrowed = choosing.rules_of(found.deployment)
    try:
        dataset = picture(stated, narrowed, study_uid=found.study_uid, number=found.pk, when=found.asked_at)
    except BadInput as error:
        raise Broke(probes.SEND, str(error)) from None
    file = folder / "probe.dcm"
    dataset.save_as(file, enforce_file_format=True)
    return Outgoing.of(file)


def _source(found: Probe) -> Peer:
    """The name under which probes of this site call; only this machine may use it."""
    site = found.deployment.site
    own = configuration().gateway_host in (*LOCAL, "127.0.0.1", "localhost", "::1")
    return Peer.objects.get_or_create(
        aet=f"ALARPROBE{site.pk}"[:16],
        defaults={
            "name": f"Health probes of {site.name}"[:100],
            "kind": Peer.SOURCE,
            "site": site,
            "addresses": "127.0.0.1 ::1" if own else "",
        },
    )[0]


def _announce(found: Probe, source: Peer, outgoing: Outgoing) -> None:
    """Write the study down as synthetic before its first image is sent, so that nobody takes it for a patient's."""
    data, now = outgoing.file.read_bytes(), clock.now()
    header = read_header(data)
    with transaction.atomic():
        study, _ = Study.objects.get_or_create(
            study_uid=found.study_uid,
            patient_id=header.patient_id,
            issuer=header.issuer,
            defaults={
                **{name: getattr(header, name) for name in DESCRIBED},
                "synthetic": True,
                "peer": source,
                "first_received_at": now,
                "last_received_at": now,
            },
        )
        found.study, found.sha256 = study, sha256_hex(data)
        found.save(update_fields=["study", "sha256"])


def _reach(found: Probe, host: str, port: int) -> None:
    wait_s = configuration().peer_timeout_s
    try:
        socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        raise Broke(
            probes.RESOLVE, "The gateway's own name is not known here; ask for its DNS entry."
        ) from None
    probes.entered(found, probes.RESOLVE, "The gateway's name is known.")
    try:
        socket.create_connection((host, port), timeout=wait_s).close()
    except OSError:
        raise Broke(
            probes.CONNECT, "The gateway does not answer on its own port; see that it runs."
        ) from None
    probes.entered(found, probes.CONNECT, "The gateway's port answers.")


def _deliver(found: Probe, host: str, port: int, source: Peer, outgoing: Outgoing) -> None:
    entity = AE(ae_title=source.aet)
    entity.acse_timeout = entity.dimse_timeout = entity.network_timeout = configuration().peer_timeout_s
    contexts = associations.contexts_for([outgoing])
    handlers = [(evt.EVT_CONN_OPEN, sockets.no_delay)]
    called = configuration().gateway_aet
    link = entity.associate(host, port, contexts=contexts, ae_title=called, evt_handlers=handlers)  # type: ignore[arg-type]
    if not link.is_established:
        raise Broke(probes.ASSOCIATE, f"The gateway refuses an association with {source.aet}.")
    try:
        probes.entered(found, probes.ASSOCIATE, "The gateway accepts the association.")
        _stored(link, outgoing)
        probes.entered(found, probes.SEND, "The gateway says that it has kept the image.")
    finally:
        if link.is_established:
            link.release()


def _stored(link: Association, outgoing: Outgoing) -> None:
    try:
        status = link.send_c_store(str(outgoing.file))
    except (RuntimeError, ValueError) as error:
        raise Broke(probes.SEND, f"The image could not be sent ({type(error).__name__}).") from None
    code = status.Status if "Status" in status else None
    if code != SUCCESS:
        told = "gave no answer" if code is None else f"answered {code:04X}"
        raise Broke(probes.SEND, f"The gateway {told} to the image.")


def _look(step: Claim, found: Probe) -> None:
    now = probes.standing(found)
    if now.ended and now.result is not None:
        _compare(found, now)
        probes.conclude(step, found, failed_in="", sentence=now.sentence)
        return
    if now.ended:
        raise Broke(now.phase, now.sentence)
    waited_s = (clock.now() - found.asked_at).total_seconds()
    if waited_s > configuration().health_due_min * 60:
        raise Broke(now.phase, f"Not back after {waited_s / 60:.0f} minutes: {now.sentence}")
    with transaction.atomic():
        work.postpone(step, due_at=clock.now() + timedelta(seconds=LOOK_AGAIN_S))
        if now.phase != found.phase:
            probes.entered(found, now.phase, now.sentence)


def _compare(found: Probe, now: probes.Standing) -> None:
    """Is what was received what was made, and does the result name the same person and study again?"""
    study, result = found.study, now.result
    assert study is not None and result is not None
    received = Instance.objects.filter(study=study, direction=Instance.SOURCE)
    if received.count() != 1:
        raise Broke(probes.SEND, f"One image was sent and {received.count()} were kept.")
    made, back = (
        read_header(objects.get(received.get().sha256)),
        read_header(objects.get(result.restored_sha256)),
    )
    if (made.patient_id, made.study_uid) != (study.patient_id, found.study_uid):
        raise Broke(probes.SEND, "The image that was kept is not the one that was made.")
    for name, sent, restored in (
        ("patient", made.patient_id, back.patient_id),
        ("study", made.study_uid, back.study_uid),
        ("accession", made.accession, back.accession),
    ):
        if sent != restored:
            raise Broke(probes.MATCH, f"The result came back under another {name} than was sent.")
