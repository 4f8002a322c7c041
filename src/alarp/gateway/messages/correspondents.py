"""Who may send HL7 here, from where, and to whom do we send? Read from the settings, checked at the start."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass

from alarp.kernel import BadInput

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


@dataclass(frozen=True, slots=True)
class Sender:
    """One sending application and facility (MSH-3, MSH-4), and its networks (none: from anywhere)."""

    name: str
    networks: tuple[Network, ...] = ()

    def may_call_from(self, address: str) -> bool:
        found = ipaddress.ip_address(address)
        if isinstance(found, ipaddress.IPv6Address) and found.ipv4_mapped:
            found = found.ipv4_mapped
        return not self.networks or any(found in network for network in self.networks)


def read_senders(text: str) -> tuple[Sender, ...]:
    """From `RIS|NORTH@10.1.2.3 10.1.3.0/24; PAS|NORTH`. Raises BadInput in one sentence for what is no sender."""
    return tuple(_sender(entry.strip()) for entry in text.split(";") if entry.strip())


def _sender(entry: str) -> Sender:
    name, _, addresses = entry.partition("@")
    _check_name(name, entry, "hl7_senders")
    try:
        networks = tuple(ipaddress.ip_network(one, strict=False) for one in addresses.split())
    except ValueError:
        raise BadInput(
            f"Setting hl7_senders has {entry!r}, whose address is none; write RIS|NORTH@10.1.2.3 10.1.3.0/24."
        ) from None
    return Sender(name.strip(), networks)


def _check_name(name: str, entry: str, setting: str) -> None:
    if name.count("|") != 1 or not name.partition("|")[0].strip():
        raise BadInput(
            f"Setting {setting} has {entry!r}; it must begin with the application and the facility "
            "(MSH-3 and MSH-4), such as RIS|NORTH."
        )


@dataclass(frozen=True, slots=True)
class Receiver:
    """The system that is told of AI findings: its application and facility (MSH-5, MSH-6) and its address."""

    application: str
    facility: str
    host: str
    port: int


def read_receiver(text: str) -> Receiver | None:
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
    return Receiver(application.strip(), facility.strip(), host.strip("[]"), int(port))
