"""Do the connections of this deployment work, how fast, and what will each side take? Looked at, never assumed.

Each finding says what was looked at, on which phase of a study's way, whether it passed (None: told, not judged),
the figure with its unit and its number of tries, and a sentence. Nothing is stored at a peer: what a peer can take
is asked by negotiating (PS3.8 7.1), how quickly it answers by C-ECHO (PS3.7 9.1.5). Throughput is measured on this
machine alone, into a private receiver, and says so.
"""

from __future__ import annotations

import os
import platform
import secrets
import shutil
import socket
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from pynetdicom.association import Association
from pynetdicom.presentation import PresentationContext, build_context
from pynetdicom.sop_class import Verification  # type: ignore[attr-defined]

from alarp.gateway import associations, offers, securing
from alarp.gateway.adapters.commands import command_of
from alarp.gateway.dicomweb import sending as by_web
from alarp.gateway.loopback import Loopback
from alarp.kernel import AlarpError, Phase, Unavailable
from alarp.records import objects
from alarp.records.configuration import configuration
from alarp.records.deployments.models import Deployment
from alarp.records.ledger.models import Peer

ECHOES = 5
WAIT_S = 5.0  # a healthy peer answers within milliseconds; a dead one must not hold the worker for long
IMAGES, IMAGE_BYTES = 16, 512 * 1024  # a CT image of 512 x 512 at 16 bits
FILES = 16
RENEW_DAYS = 30


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at."""

    phase: str
    about: str
    passed: bool | None
    sentence: str
    figure: float | None = None
    unit: str = ""
    n: int = 0


def look(deployment: Deployment, *, still_here: Callable[[], None]) -> list[dict[str, Any]]:
    """Every finding about this deployment's connections; `still_here` is called between the slow ones."""
    found = [*gateway()]
    for peer in peers_of(deployment):
        still_here()
        found += of_peer(peer, deployment)
    found += missing(deployment)
    still_here()
    found += [*disk(), throughput(), clock(), encryption()]
    return [asdict(one) for one in found]


# Who is there


def peers_of(deployment: Deployment) -> list[Peer]:
    """The tool of this deployment, the PACS of its site (or the only one), the site's sources with an address."""
    every = list(Peer.objects.filter(enabled=True).order_by("pk"))
    tools = [p for p in every if p.kind == Peer.TOOL and p.deployment_id == deployment.pk]
    pacs = [p for p in every if p.kind == Peer.PACS]
    near = [p for p in pacs if p.site_id == deployment.site_id] or [p for p in pacs if p.site_id is None]
    sources = [
        p for p in every if p.kind == Peer.SOURCE and p.site_id == deployment.site_id and p.host and p.port
    ]
    return [*tools, *(near or pacs)[:1], *sources]


def missing(deployment: Deployment) -> list[Finding]:
    """Which end of the route is not entered at all?"""
    kinds = {peer.kind for peer in peers_of(deployment)}
    wanted = ((Peer.TOOL, "AI tool", Phase.SEND), (Peer.PACS, "PACS", Phase.FILE))
    return [
        Finding(phase, name, False, f"No {name} is entered for this deployment; register it as a peer.")
        for kind, name, phase in wanted
        if kind not in kinds
    ]


def gateway() -> Iterator[Finding]:
    """Does our own listener take connections?"""
    settings = configuration()
    host = "127.0.0.1" if settings.gateway_host in {"", "0.0.0.0", "::"} else settings.gateway_host
    yield _port(Phase.RECEIVE, "Gateway", host, settings.gateway_port)


def of_peer(peer: Peer, deployment: Deployment) -> Iterator[Finding]:
    """Name, port, C-ECHO and what it takes; a step that fails ends the questions to this peer."""
    phase = {Peer.TOOL: Phase.SEND, Peer.PACS: Phase.FILE}.get(peer.kind, Phase.RECEIVE)
    name = f"{_KINDS[peer.kind]} {peer.aet}"
    if peer.way == Peer.DICOMWEB and peer.url:
        yield from _by_web(phase, name, peer)
        return
    if peer.way == Peer.COMMAND:
        yield _program(phase, name, peer)
        return
    if peer.may_pull and not peer.host:
        yield Finding(phase, name, None, f"{peer.aet} fetches by itself; nothing here calls it.")
        return
    if not peer.host or not peer.port:
        yield Finding(phase, name, False, f"{peer.aet} has no address; enter host and port.")
        return
    for ask in (_name, _port):
        finding = ask(phase, name, peer.host, peer.port)
        yield finding
        if finding.passed is False:
            return
    secured = _secured(phase, name, peer)
    yield secured
    if secured.passed is False:
        return
    echoed = _echo(phase, name, peer)
    yield echoed
    if echoed.passed and peer.kind != Peer.SOURCE:
        yield from _takes(phase, name, peer, deployment)


def _program(phase: str, name: str, peer: Peer) -> Finding:
    """Is a program on this machine set for this tool, by a file that may be relied on? It is not run."""
    try:
        command = command_of(peer.aet)
    except Unavailable as error:
        return Finding(phase, name, False, str(error))
    what = f"The container {command.image}" if command.engine else f"The program {command.run[0]}"
    return Finding(phase, name, True, f"{what} is set, with a limit of {command.time_limit_s:g} s.")


def _by_web(phase: str, name: str, peer: Peer) -> Iterator[Finding]:
    """Name, port, encryption and an answer of a peer's DICOMweb service."""
    url = urlsplit(peer.url)
    host, port = url.hostname or "", url.port or (443 if url.scheme == "https" else 80)
    secured = peer.secured or (Peer.TLS if url.scheme == "https" else Peer.OPEN)
    there = Peer(aet=peer.aet, host=host, port=port, secured=secured)
    for finding in (
        _name(phase, name, host, port),
        _port(phase, name, host, port),
        _secured(phase, name, there),
    ):
        yield finding
        if finding.passed is False:
            return
    yield _answers(phase, name, peer)


def _answers(phase: str, name: str, peer: Peer) -> Finding:
    """Does its DICOMweb service know us? A search for one study is asked; who searches nothing may still take objects."""
    about, start = f"{name}: DICOMweb", time.perf_counter()
    try:
        with by_web.connection(peer) as client:
            status = by_web.searched(client, peer)
    except AlarpError as error:
        return Finding(phase, about, False, str(error))
    taken = _ms(start)
    if status in (401, 403):
        return Finding(phase, about, False, f"{peer.aet} does not let us in (HTTP {status}); give its token.")
    if status in (200, 204):
        return Finding(phase, about, True, f"{peer.aet} answers a search.", taken, "ms", 1)
    sentence = (
        f"{peer.aet} answers no search (HTTP {status}); whether it takes objects is seen when one is sent."
    )
    return Finding(phase, about, None, sentence, taken, "ms", 1)


_KINDS = {Peer.TOOL: "AI tool", Peer.PACS: "PACS", Peer.SOURCE: "Source"}


def _name(phase: str, about: str, host: str, port: int) -> Finding:
    start = time.perf_counter()
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        return Finding(
            phase, f"{about}: name", False, f"The name {host} is not known here; ask for its DNS entry."
        )
    taken = _ms(start)
    address = found[0][4][0]
    return Finding(phase, f"{about}: name", True, f"{host} is {address}.", taken, "ms", 1)


def _port(phase: str, about: str, host: str, port: int) -> Finding:
    start = time.perf_counter()
    try:
        with socket.create_connection((host, port), timeout=WAIT_S):
            taken = _ms(start)
    except OSError as error:
        why = "refuses the connection" if isinstance(error, ConnectionRefusedError) else "does not answer"
        sentence = f"{about}: {host} {why} on port {port}; start it, or ask for the firewall opening."
        return Finding(phase, f"{about}: port", False, sentence)
    return Finding(phase, f"{about}: port", True, f"{host} answers on port {port}.", taken, "ms", 1)


def _echo(phase: str, about: str, peer: Peer) -> Finding:
    times: list[float] = []
    try:
        with _link(peer, [build_context(Verification)]) as link:
            for number in range(ECHOES):
                start = time.perf_counter()
                answer = link.send_c_echo(msg_id=number + 1)
                if "Status" not in answer or answer.Status != 0x0000:
                    raise Unavailable(f"{peer.aet} did not answer C-ECHO.", phase=phase)
                times.append(_ms(start))
    except AlarpError as error:
        return Finding(phase, f"{about}: C-ECHO", False, _once(str(error)))
    middle, worst = statistics.median(times), max(times)
    sentence = f"{peer.aet} answered {len(times)} of {ECHOES} C-ECHO; the slowest took {worst:.1f} ms."
    return Finding(phase, f"{about}: C-ECHO", True, sentence, round(middle, 2), "ms (median)", len(times))


def _takes(phase: str, about: str, peer: Peer, deployment: Deployment) -> Iterator[Finding]:
    """Which kinds of object, in which transfer syntaxes, does the peer accept when it is asked?"""
    wanted = offers.to_tool(deployment) if peer.kind == Peer.TOOL else offers.to_pacs(deployment)
    for offer in wanted:
        contexts = [build_context(sop, syntax) for sop in offer.classes for syntax in offers.SYNTAXES]
        try:
            with _link(peer, contexts[: associations.MOST_CONTEXTS]) as link:
                taken = [(c.abstract_syntax, c.transfer_syntax[0]) for c in link.accepted_contexts]
        except AlarpError:
            taken = []  # a peer that takes none of the contexts rejects the whole association
        classes = {sop for sop, _ in taken}
        syntaxes = list(dict.fromkeys(offers.SYNTAXES[syntax] for _, syntax in taken))
        plain = any(syntax in offers.UNCOMPRESSED for _, syntax in taken)
        if plain:
            sentence = (
                f"{peer.aet} takes {offer.name}: {len(classes)} of {len(offer.classes)} SOP classes, "
                f"as {', '.join(syntaxes)}."
            )
        else:
            sentence = (
                f"{peer.aet} takes no {offer.name} without compression; have the SOP classes enabled there."
            )
        yield Finding(
            phase,
            f"{about}: {offer.name}",
            plain if offer.needed else None,
            sentence,
            len(taken),
            "presentation contexts",
            len(contexts),
        )


@contextmanager
def _link(peer: Peer, contexts: Sequence[PresentationContext]) -> Iterator[Association]:
    with associations.association(peer, list(contexts), wait_s=WAIT_S) as link:
        yield link


def _once(sentence: str) -> str:
    """A self-test tries once; nobody tries again later."""
    return sentence.replace("; tried again later", "")


# This machine


def disk() -> Iterator[Finding]:
    """Is there room, and how quickly are synced bytes on it?"""
    folder, least = objects.incoming_folder(), configuration().least_free_mb
    free_mb = shutil.disk_usage(folder).free // 2**20
    room = f"{free_mb:,} MB are free; below {least:,} MB new images are refused."
    yield Finding(Phase.RECEIVE, "Disk: room", free_mb >= least, room, float(free_mb), "MB")
    block = secrets.token_bytes(IMAGE_BYTES)
    with tempfile.TemporaryDirectory(dir=folder, prefix="self-test-") as place:
        start = time.perf_counter()
        for number in range(FILES):
            _synced(Path(place) / str(number), block)
        taken_s = time.perf_counter() - start
    rate = FILES * IMAGE_BYTES / 1e6 / taken_s
    sentence = f"{FILES} files of {IMAGE_BYTES // 1024} KB were written, each synced to the disk."
    yield Finding(Phase.RECEIVE, "Disk: synced writing", None, sentence, round(rate, 1), "MB/s", FILES)


def _synced(file: Path, data: bytes) -> None:
    with file.open("wb") as out:
        out.write(data)
        out.flush()
        os.fsync(out.fileno())


def throughput() -> Finding:
    """How fast do images go by DICOM from this worker to a receiver beside it that syncs each to the disk?"""
    about = "Throughput by DICOM"
    try:
        with Loopback(objects.incoming_folder()) as receiver:
            taken_s = receiver.send(IMAGES, IMAGE_BYTES)
    except (AlarpError, OSError, RuntimeError) as error:
        why = f"Objects could not be sent by DICOM on this machine ({type(error).__name__})."
        return Finding(Phase.SEND, about, False, why)
    rate = IMAGES * IMAGE_BYTES / 1e6 / taken_s
    sentence = (
        f"{IMAGES} synthetic test images of {IMAGE_BYTES // 1024} KB went by C-STORE to a private receiver on this "
        "machine, each synced before Success; the network to a peer is not in this figure."
    )
    return Finding(Phase.SEND, about, None, sentence, round(rate, 1), "MB/s", IMAGES)


def clock() -> Finding:
    """Does this machine's kernel say that its clock follows a time source, and how far off may it be?"""
    from alarp.gateway.timekeeping import kernel_clock

    about = "Clock"
    found = kernel_clock()
    if found is None:
        why = f"The clock's state cannot be read on {platform.system()}; ask whether it follows the Trust's time."
        return Finding(Phase.RECEIVE, about, None, why)
    if not found.synchronised:
        why = "The kernel does not know of a time source; have this machine follow the Trust's time."
        return Finding(Phase.RECEIVE, about, None, why)
    sentence = "The clock follows a time source; this is the kernel's own bound on its error."
    return Finding(Phase.RECEIVE, about, True, sentence, round(found.error_ms, 1), "ms", 1)


def encryption() -> Finding:
    """May peers call us over TLS, and for how long is our certificate good? Without TLS it is said, not assumed."""
    settings = configuration()
    if not settings.gateway_tls_port:
        sentence = (
            "The gateway takes DICOM without TLS only; the network has to protect it, such as by a VPN."
        )
        return Finding(Phase.RECEIVE, "Encryption", None, sentence)
    try:
        securing.server_context()
        days = securing.days_left(securing.own_certificate())
    except AlarpError as error:
        return Finding(Phase.RECEIVE, "Encryption", False, str(error))
    sentence = f"Port {settings.gateway_tls_port} takes DICOM over TLS. {_validity(days)}"
    return Finding(Phase.RECEIVE, "Encryption", days > 0, sentence, round(days, 1), "days", 1)


def _secured(phase: str, about: str, peer: Peer) -> Finding:
    """Is the connection to this peer encrypted, is it the peer, and how long is its certificate good?"""
    about = f"{about}: encryption"
    if not peer.secured:
        sentence = f"{peer.aet} is spoken to without TLS; the network has to protect it, such as by a VPN."
        return Finding(phase, about, None, sentence)
    assert peer.port is not None
    try:
        version, certificate = securing.shake_hands(peer, peer.host, peer.port, wait_s=WAIT_S)
    except AlarpError as error:
        return Finding(phase, about, False, str(error))
    days = securing.days_left(certificate)
    ours = " and ours was shown" if peer.secured == Peer.MUTUAL_TLS else ""
    sentence = f"{peer.aet} speaks {version}; its certificate names it{ours}. {_validity(days)}"
    return Finding(phase, about, True, sentence, round(days, 1), "days", 1)


def _validity(days: float) -> str:
    soon = " Renew it now." if days < RENEW_DAYS else ""
    return f"The certificate is valid for {max(0, int(days))} days more.{soon}"


def _ms(start: float) -> float:
    return round((time.perf_counter() - start) * 1000, 2)
