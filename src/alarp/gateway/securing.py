"""Who is at the other end, and can anybody read along? TLS contexts after BCP 195 (RFC 9325; DICOM PS3.15 B.12).

TLS 1.2 or later; under 1.2 only forward-secret key agreement with authenticated encryption. A certificate has to
come from one of the Trust's authorities (`gateway_authorities`) and to name the peer: its host, its address or its
application entity title.
"""

from __future__ import annotations

import ipaddress
import socket
import ssl
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Protocol

from cryptography import x509

from alarp.kernel import BadInput, Phase, Unavailable
from alarp.records.configuration import configuration
from alarp.records.ledger.models import Peer

CIPHERS = (
    "ECDHE+AESGCM:ECDHE+CHACHA20"  # of TLS 1.2; those of 1.3 are all of this kind (RFC 9325 section 4.2)
)
HANDSHAKE_S = 10.0
_DAY_S = 86400.0
Certificate = dict[str, Any]


class Party(Protocol):
    """Who is called: a DICOM peer, or the system that is told of findings."""

    @property
    def aet(self) -> Any: ...
    @property
    def host(self) -> Any: ...
    @property
    def secured(self) -> Any: ...


def server_context(*, everybody_shows: bool = False) -> ssl.SSLContext:
    """The context of those who call us. Whoever shows a certificate that the authorities do not vouch for is refused.

    Whether a peer has to show one is a property of the peer (`mutual`), asked when it says who it is; with
    `everybody_shows` there is no connection without. Raises BadInput when certificate or key are missing or do not fit.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    _strict(context)
    _own_certificate(context)
    if configuration().gateway_authorities:
        _authorities(context)
        context.verify_mode = ssl.CERT_OPTIONAL
    if everybody_shows:
        _authorities(context)
        context.verify_mode = ssl.CERT_REQUIRED
    return context


def user_context(peer: Party) -> ssl.SSLContext:
    """The context with which we call this peer. Raises BadInput for files that cannot be used."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    _strict(context)
    context.check_hostname = (
        False  # `check_peer` asks, since an AE title may stand in the place of a host name
    )
    if configuration().gateway_authorities:
        _authorities(context)
    else:
        context.load_default_certs(ssl.Purpose.SERVER_AUTH)
    if peer.secured == Peer.MUTUAL_TLS:
        _own_certificate(context)
    return context


def _strict(context: ssl.SSLContext) -> None:
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_ciphers(CIPHERS)
    context.options |= ssl.OP_NO_COMPRESSION | ssl.OP_NO_RENEGOTIATION


def _own_certificate(context: ssl.SSLContext) -> None:
    settings = configuration()
    certificate, key = _file("gateway_certificate"), _file("gateway_private_key")
    try:
        context.load_cert_chain(certificate, key, password=lambda: b"")
    except (ssl.SSLError, OSError) as error:
        raise BadInput(
            f"The certificate {settings.gateway_certificate} and the key {settings.gateway_private_key} cannot be used "
            f"for TLS ({type(error).__name__}); give a PEM certificate and its own key, without a password."
        ) from None


def _authorities(context: ssl.SSLContext) -> None:
    file = _file("gateway_authorities")
    try:
        context.load_verify_locations(cafile=file)
    except (ssl.SSLError, OSError) as error:
        raise BadInput(
            f"The authorities in {file} cannot be used ({type(error).__name__}); give a PEM file of certificates."
        ) from None


def _file(setting: str) -> str:
    value = str(getattr(configuration(), setting))
    if not value:
        raise BadInput(f"TLS needs the setting {setting}; name the PEM file.")
    if not Path(value).is_file():
        raise BadInput(
            f"Setting {setting} names {value}, which is not a file. Put it there or correct the setting."
        )
    return value


def shown(connection: Any) -> Certificate | None:
    """The certificate that the other end has shown and the authorities vouch for; None without TLS or certificate."""
    if not isinstance(connection, ssl.SSLSocket):
        return None
    found = connection.getpeercert()
    return found or None


def names(certificate: Certificate, peer: Party) -> bool:
    """Does this certificate name the peer: its host, its address or its application entity title?"""
    return names_one_of(certificate, (peer.aet, peer.host))


def names_one_of(certificate: Certificate, given: Iterable[str]) -> bool:
    """Does this certificate stand for one of these hosts, addresses or titles?"""
    wanted = {name.casefold() for name in given} - {""}
    for kind, value in certificate.get("subjectAltName", ()):
        if kind == "DNS" and any(_same_host(value, one) for one in wanted):
            return True
        if kind == "IP Address" and any(_same_address(value, one) for one in wanted):
            return True
    subject = [pair for part in certificate.get("subject", ()) for pair in part]
    return any(kind == "commonName" and value.casefold() in wanted for kind, value in subject)


def _same_host(pattern: str, host: str) -> bool:
    """RFC 9525 section 6.3: a wildcard stands for the whole left-most label and nothing else."""
    pattern = pattern.casefold()
    if pattern.startswith("*."):
        _, dot, rest = host.partition(".")
        return bool(dot) and rest == pattern[2:] and "." in rest
    return pattern == host


def _same_address(one: str, other: str) -> bool:
    try:
        return ipaddress.ip_address(one) == ipaddress.ip_address(other)
    except ValueError:
        return False


def check_peer(certificate: Certificate | None, peer: Party) -> None:
    """Is it this peer whom we have reached? Raises Unavailable when its certificate names somebody else."""
    if certificate is None or not names(certificate, peer):
        raise Unavailable(
            f"{peer.aet} shows a certificate that does not name it; check its address and its certificate.",
            phase=Phase.CONNECT,
        )


def refusal(peer: Peer, connection: Any) -> str:
    """Why may this peer not call over this connection? Empty: it may."""
    if not peer.secured:
        return ""
    if not isinstance(connection, ssl.SSLSocket):
        return f"{peer.aet} has to call over TLS and did not."
    if peer.secured == Peer.TLS:
        return ""
    certificate = shown(connection)
    if certificate is None:
        return f"{peer.aet} has to show a certificate and did not."
    if not names(certificate, peer):
        return f"The caller shows a certificate that does not name {peer.aet}."
    return ""


def days_left(certificate: Certificate) -> float:
    """How many days is this certificate still valid?"""
    return (ssl.cert_time_to_seconds(str(certificate["notAfter"])) - time.time()) / _DAY_S


def own_certificate() -> Certificate:
    """What our own certificate says of its validity. Raises BadInput when it cannot be read."""
    try:
        found = x509.load_pem_x509_certificate(Path(_file("gateway_certificate")).read_bytes())
    except (ValueError, OSError):
        raise BadInput("The gateway's certificate cannot be read; give a PEM file.") from None
    return {"notAfter": found.not_valid_after_utc.strftime("%b %d %H:%M:%S %Y GMT")}


def shake_hands(peer: Peer, host: str, port: int, *, wait_s: float) -> tuple[str, Certificate]:
    """Connect over TLS as for an association and hang up: the version spoken and the certificate shown.

    Raises Unavailable when the other side cannot be reached, refuses, or is not the peer.
    """
    context = user_context(peer)
    try:
        with (
            socket.create_connection((host, port), timeout=wait_s) as plain,
            context.wrap_socket(plain, server_hostname=host) as found,
        ):
            certificate, version = shown(found), found.version() or "TLS"
    except ssl.SSLCertVerificationError as error:
        raise Unavailable(
            f"{peer.aet} shows a certificate that is not trusted here ({error.verify_message}).",
            phase=Phase.CONNECT,
        ) from None
    except (ssl.SSLError, OSError) as error:
        raise Unavailable(
            f"{peer.aet} does not speak TLS with us ({type(error).__name__}); ask whether TLS is on there.",
            phase=Phase.CONNECT,
        ) from None
    check_peer(certificate, peer)
    assert certificate is not None
    return version, certificate
