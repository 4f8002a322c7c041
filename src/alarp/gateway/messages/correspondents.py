"""Who may send HL7 here, from where, by which certificate, and to whom do we send? From the settings, at the start."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass

from alarp.gateway import securing
from alarp.gateway.securing import Certificate
from alarp.kernel import BadInput
from alarp.records.configuration import configuration
from alarp.records.ledger.models import Peer
from alarp.records.ledger.peers import LONGEST_ISSUER

ISSUER = "issuer="
Network = ipaddress.IPv4Network | ipaddress.IPv6Network


@dataclass(frozen=True, slots=True)
class Sender:
    """One sending application and facility (MSH-3, MSH-4), its networks (none: from anywhere), its certificate's names.

    `issuer` issues the patient numbers of its messages that name no authority (PID-3.4).
    """

    name: str
    networks: tuple[Network, ...] = ()
    shows: tuple[str, ...] = ()
    issuer: str = ""

    def is_shown_by(self, certificate: Certificate | None) -> bool:
        """Does what the other end has shown stand for this sender? One of whom no certificate is asked needs none."""
        return not self.shows or (certificate is not None and securing.names_one_of(certificate, self.shows))

    def may_call_from(self, address: str) -> bool:
        found = ipaddress.ip_address(address)
        if isinstance(found, ipaddress.IPv6Address) and found.ipv4_mapped:
            found = found.ipv4_mapped
        return not self.networks or any(found in network for network in self.networks)


def senders() -> tuple[Sender, ...]:
    """Those of the settings. Raises BadInput in one sentence for a setting that cannot be used."""
    settings = configuration()
    return read_senders(settings.hl7_senders, secured=check_secured("hl7_secured", settings.hl7_secured))


def receiver() -> Receiver | None:
    """That of the settings; None: nobody is told. Raises BadInput in one sentence for a setting that cannot be used."""
    settings = configuration()
    return read_receiver(settings.hl7_ris, secured=check_secured("hl7_ris_secured", settings.hl7_ris_secured))


def read_senders(text: str, *, secured: str = "") -> tuple[Sender, ...]:
    """From `RIS|NORTH@10.1.2.3 10.1.3.0/24 =ris.north.example; PAS|NORTH@ issuer=NORTH`. Raises BadInput for what is none.

    What follows a `=` is a name that the sender's certificate must bear. With mutual TLS every sender has one.
    """
    found = tuple(_sender(entry.strip()) for entry in text.split(";") if entry.strip())
    for one in found:
        if one.shows and not secured:
            raise BadInput(
                f"Setting hl7_senders asks {one.name} for a certificate, and hl7_secured is empty; set it to mutual."
            )
        if secured == Peer.MUTUAL_TLS and not one.shows:
            raise BadInput(
                f"Setting hl7_senders does not say what the certificate of {one.name} is called; add =ris.north.example."
            )
    return found


def check_secured(setting: str, value: str) -> str:
    """The way to secure a connection that this setting names. Raises BadInput for one that is none."""
    if value not in (Peer.OPEN, Peer.TLS, Peer.MUTUAL_TLS):
        raise BadInput(f"Setting {setting} is {value!r}; use tls, mutual, or nothing.")
    return value


def _sender(entry: str) -> Sender:
    name, _, addresses = entry.partition("@")
    _check_name(name, entry, "hl7_senders")
    if "=" in name:
        raise BadInput(
            f"Setting hl7_senders has {entry!r}; the name of a certificate and the issuer stand after the @, as in "
            "RIS|NORTH@10.1.2.3 =ris.north.example issuer=NORTH."
        )
    words = addresses.split()
    shows = tuple(word[1:] for word in words if word.startswith("="))
    issuers = [word.removeprefix(ISSUER) for word in words if word.startswith(ISSUER)]
    if len(issuers) > 1 or not all(0 < len(issuer) <= LONGEST_ISSUER for issuer in issuers):
        raise BadInput(
            f"Setting hl7_senders has {entry!r}; give its patient numbers one issuer of at most {LONGEST_ISSUER} "
            "characters, as in RIS|NORTH@10.1.2.3 issuer=NORTH."
        )
    try:
        networks = tuple(
            ipaddress.ip_network(w, strict=False) for w in words if not w.startswith(("=", ISSUER))
        )
    except ValueError:
        raise BadInput(
            f"Setting hl7_senders has {entry!r}, whose address is none; write RIS|NORTH@10.1.2.3 10.1.3.0/24."
        ) from None
    return Sender(name.strip(), networks, shows, *issuers)


def _check_name(name: str, entry: str, setting: str) -> None:
    if name.count("|") != 1 or not name.partition("|")[0].strip():
        raise BadInput(
            f"Setting {setting} has {entry!r}; it must begin with the application and the facility "
            "(MSH-3 and MSH-4), such as RIS|NORTH."
        )


@dataclass(frozen=True, slots=True)
class Receiver:
    """The system that is told of AI findings: its application and facility (MSH-5, MSH-6), its address, its TLS."""

    application: str
    facility: str
    host: str
    port: int
    secured: str = ""

    @property
    def aet(self) -> str:
        """By which name, beside its host, may its certificate call it?"""
        return self.application


def read_receiver(text: str, *, secured: str = "") -> Receiver | None:
    """From `RIS|NORTH@10.1.2.3:2575`; nothing when it is empty. Raises BadInput in one sentence."""
    if not text.strip():
        return None
    name, _, address = text.strip().partition("@")
    _check_name(name, text, "hl7_ris")
    host, _, port = address.rpartition(":")
    if not host or not port.isdecimal() or not 0 < int(port) < 65536:
        raise BadInput(
            f"Setting hl7_ris is {text!r}; it must end in host and port, such as RIS|NORTH@10.1.2.3:2575."
        )
    application, _, facility = name.partition("|")
    return Receiver(application.strip(), facility.strip(), host.strip("[]"), int(port), secured)
