"""How is this installation set up? Environment first, then one TOML file, then the defaults below.

Every field is one setting: `ALARP_<FIELD>` in the environment, `<field> = …` in the TOML file that
`ALARP_CONFIG` names (default `alarp.toml` in the data folder). `docs/reference/settings.md` is
generated from this module.
"""

from __future__ import annotations

import os
import tomllib
from dataclasses import dataclass, field, fields
from functools import cache
from pathlib import Path
from typing import Any, get_type_hints

from alarp.kernel import BadInput


def _setting(default: Any, about: str) -> Any:
    return field(default=default, metadata={"about": about})


@dataclass(frozen=True, slots=True)
class Configuration:
    """Every setting with its default and what it is for."""

    data: Path = _setting(
        Path("alarp-data"), "Folder for the database, scans, documents and keys (a local disk)"
    )
    database_url: str = _setting("", "postgresql://… for several workers; empty: SQLite in the data folder")
    web_host: str = _setting("127.0.0.1", "Address the web server listens on")
    web_port: int = _setting(8000, "Port the web server listens on")
    web_hosts: str = _setting("127.0.0.1,localhost,[::1]", "Host names the web server answers to, by comma")
    web_https: bool = _setting(False, "The site is reached over HTTPS (secure cookies, HSTS)")
    web_workers: int = _setting(2, "Web server processes")
    gateway_host: str = _setting("127.0.0.1", "Address the DICOM gateway listens on")
    gateway_port: int = _setting(11112, "Port the DICOM gateway listens on")
    gateway_aet: str = _setting("ALARP", "The gateway's application entity title")
    gateway_processes: int = _setting(
        2, "Processes that receive images on that port; one a core, and no more than senders at a time"
    )
    gateway_tls_port: int = _setting(
        0, "Port for DICOM over TLS (2762 is the registered one), beside the plain one; 0: none"
    )
    gateway_certificate: str = _setting("", "PEM file with the gateway's certificate and its chain, for TLS")
    gateway_private_key: str = _setting("", "PEM file with the private key of that certificate")
    gateway_authorities: str = _setting(
        "", "PEM file with the authorities whose certificates peers must show, or be known by, over TLS"
    )
    gateway_unknown_classes: str = _setting(
        "keep", "Objects of a SOP class this version does not know: keep them as bytes, or refuse them"
    )
    pull_most_answers: int = _setting(500, "Most answers to one query of a peer that may pull")
    pull_at_once: int = _setting(4, "Most queries and retrievals of one peer at the same time")
    dicomweb_host: str = _setting("127.0.0.1", "Address the DICOMweb service listens on")
    dicomweb_port: int = _setting(0, "Port of the DICOMweb service; 0: it does not run")
    dicomweb_most_mb: int = _setting(2048, "Largest body of one STOW-RS request, in megabytes")
    tool_commands: str = _setting(
        "", "TOML file with the program or container of each tool that runs on this machine; empty: none runs"
    )
    quiet_s: float = _setting(30.0, "A study is complete when nothing arrived for this many seconds")
    ask_source: bool = _setting(
        True,
        "Ask a sender with an address how many objects a study has (C-FIND) before it counts as complete",
    )
    incomplete_wait_s: float = _setting(
        120.0, "How long a study waits for what its sender says is missing, in seconds after the quiet time"
    )
    result_due_min: float = _setting(
        60.0, "A result that has not come back after this many minutes is overdue"
    )
    lease_s: float = _setting(
        30.0, "A worker that falls silent for this many seconds loses its work to another"
    )
    poll_s: float = _setting(0.5, "How often an idle worker looks for work, in seconds")
    sweep_s: float = _setting(
        30.0, "How often overdue results, lapsed evidence and alarm rules are looked at, in seconds"
    )
    retry_first_s: float = _setting(1.0, "Wait before the first retry of a transient fault, in seconds")
    retry_most_s: float = _setting(300.0, "Longest wait between retries, in seconds")
    peer_timeout_s: float = _setting(30.0, "How long to wait for a DICOM peer's answer, in seconds")
    opt_out_file: str = _setting(
        "", "CSV export of the Trust's own opt-out list, checked beside Alarp's register"
    )
    opt_out_file_age_h: float = _setting(
        26.0, "An opt-out file older than this many hours counts as unreachable"
    )
    human_reading_after_min: float = _setting(
        30.0, "A study that no AI took or answered after this many minutes is given to human reading"
    )
    recall_answer_days: int = _setting(
        28, "A supplier asked to delete what left before an opt-out has this many days to answer"
    )
    health_every_min: float = _setting(
        0.0, "How often a synthetic study goes through each open route, in minutes; 0: only when asked"
    )
    health_due_min: float = _setting(
        10.0, "A synthetic study that has not come back after this many minutes has failed"
    )
    health_file_to_pacs: bool = _setting(
        False, "File the result of a synthetic study to the PACS as well (use a PACS folder of its own)"
    )
    opt_outs_by: str = _setting(
        "", "Username in whose name opt-outs are recorded that HL7 messages carry; empty: none are taken"
    )
    hl7_host: str = _setting("127.0.0.1", "Address the HL7 listener (MLLP) listens on")
    hl7_port: int = _setting(0, "Port the HL7 listener (MLLP) listens on; 0: it is off")
    hl7_senders: str = _setting(
        "",
        "Who may send HL7: APPLICATION|FACILITY@address address issuer=ISSUER; … (no address: from anywhere)",
    )
    hl7_secured: str = _setting(
        "", "How senders of HL7 call: tls, mutual (they show a certificate), or empty for plain MLLP"
    )
    hl7_most_kb: int = _setting(2048, "Largest HL7 message that is taken, in kilobytes")
    hl7_opt_out: str = _setting(
        "", "Where ADT carries an opt-out, as field=ZAI-1 no=Y again=N from=ZAI-2 tools=ZAI-3; empty: nowhere"
    )
    hl7_ris: str = _setting(
        "", "Who is told of AI findings (ORU^R01), as APPLICATION|FACILITY@host:port; empty: nobody"
    )
    hl7_ris_secured: str = _setting(
        "", "How the one that is told of findings is called: tls, mutual, or empty for plain MLLP"
    )
    fhir_host: str = _setting("127.0.0.1", "Address the FHIR service listens on")
    fhir_port: int = _setting(0, "Port of the FHIR service; 0: it does not run")
    fhir_senders: str = _setting("", "AE titles of the peers that may post FHIR, by comma; empty: nobody")
    fhir_issuers: str = _setting(
        "",
        "Who issues the patient numbers of each FHIR identifier.system, as the PAS and the scanners spell it: "
        "SYSTEM ISSUER; SYSTEM ISSUER",
    )
    fhir_most_kb: int = _setting(10240, "Largest FHIR request that is taken, in kilobytes")
    fhir_opt_out_category: str = _setting(
        "ai-reading", "Category of a FHIR Consent that is about AI, as code or system|code"
    )
    evaluation_folder: str = _setting(
        "", "Folder on the server whose sub-folders may be test sets of evaluations; empty: none"
    )
    least_free_mb: int = _setting(500, "Refuse new images when less disk than this is free, in megabytes")
    session_idle_min: int = _setting(15, "Sign a person out after this many minutes without activity")
    session_most_h: int = _setting(12, "Sign a person out after this many hours at the latest")
    log_level: str = _setting("INFO", "DEBUG, INFO, WARNING or ERROR")

    @property
    def objects(self) -> Path:
        return self.data / "objects"

    @property
    def keys(self) -> Path:
        return self.data / "keys"

    @property
    def database(self) -> str:
        return self.database_url or f"sqlite:///{(self.data / 'alarp.sqlite3').resolve()}"


def _coerce(name: str, kind: type, value: Any, where: str) -> Any:
    try:
        if kind is bool:
            if isinstance(value, bool):
                return value
            text = str(value).strip().lower()
            if text in {"1", "true", "yes", "on"}:
                return True
            if text in {"0", "false", "no", "off", ""}:
                return False
            raise ValueError
        if kind is Path:
            return Path(str(value)).expanduser()
        if kind is int and isinstance(value, float) and not value.is_integer():
            raise ValueError
        return kind(value)
    except (TypeError, ValueError):
        expected = {int: "a whole number", float: "a number", bool: "true or false"}.get(kind, "text")
        raise BadInput(
            f"Setting {name} ({where}) is {value!r}; it must be {expected}. Correct it and start again."
        ) from None


def read(environment: dict[str, str] | None = None) -> Configuration:
    """Which settings hold here? Raises BadInput in one sentence for an unknown or unusable one."""
    env = dict(os.environ if environment is None else environment)
    kinds = get_type_hints(Configuration)
    names = {f.name for f in fields(Configuration)}
    values: dict[str, Any] = {}

    data = Path(env.get("ALARP_DATA", str(Configuration.__dataclass_fields__["data"].default))).expanduser()
    named = env.get("ALARP_CONFIG", "")
    file = Path(named).expanduser() if named else data / "alarp.toml"
    if named and not file.is_file():
        raise BadInput(f"ALARP_CONFIG names {file}, which is not a file. Write it or unset ALARP_CONFIG.")
    if file.is_file():
        try:
            table = tomllib.loads(file.read_text(encoding="utf-8"))
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise BadInput(f"{file} is not valid TOML ({error}). Correct it and start again.") from None
        for name, value in table.items():
            if name not in names:
                raise BadInput(
                    f"{file} has the setting {name!r}, which Alarp does not know. Remove or correct it."
                )
            values[name] = _coerce(name, kinds[name], value, str(file))
    # Two names are not settings of this table: where the table is, and where tests find shared data.
    for key in sorted(k for k in env if k.startswith("ALARP_") and k not in {"ALARP_CONFIG", "ALARP_SHARED"}):
        name = key.removeprefix("ALARP_").lower()
        if name not in names:
            raise BadInput(f"The environment has {key}, which Alarp does not know. Remove or correct it.")
        values[name] = _coerce(name, kinds[name], env[key], key)
    return _checked(Configuration(**values))


def _checked(settings: Configuration) -> Configuration:
    for name in ("web_port", "gateway_port", "gateway_tls_port", "dicomweb_port", "hl7_port", "fhir_port"):
        port = getattr(settings, name)
        if not 0 <= port <= 65535:
            raise BadInput(
                f"Setting {name} is {port}; a port lies between 0 and 65535. Correct it and start again."
            )
    if not 1 <= len(settings.gateway_aet) <= 16 or "\\" in settings.gateway_aet:
        raise BadInput(
            f"Setting gateway_aet is {settings.gateway_aet!r}; an AE title has 1 to 16 characters and no backslash "
            "(DICOM PS3.5 table 6.2-1). Correct it and start again."
        )
    for name in (
        "quiet_s",
        "incomplete_wait_s",
        "lease_s",
        "poll_s",
        "retry_first_s",
        "retry_most_s",
        "peer_timeout_s",
        "result_due_min",
        "human_reading_after_min",
        "health_due_min",
    ):
        if getattr(settings, name) <= 0:
            raise BadInput(
                f"Setting {name} is {getattr(settings, name)}; it must be more than 0. Correct it and start again."
            )
    for name in ("pull_most_answers", "pull_at_once", "dicomweb_most_mb"):
        if getattr(settings, name) < 1:
            raise BadInput(
                f"Setting {name} is {getattr(settings, name)}; it is at least 1. Correct it and start again."
            )
    if settings.gateway_unknown_classes not in {"keep", "refuse"}:
        raise BadInput(
            f"Setting gateway_unknown_classes is {settings.gateway_unknown_classes!r}; use keep or refuse."
        )
    if not 1 <= settings.gateway_processes <= 64:
        raise BadInput(
            f"Setting gateway_processes is {settings.gateway_processes}; it lies between 1 and 64. "
            "Correct it and start again."
        )
    url = settings.database_url
    if url and not url.startswith(("postgresql://", "postgres://", "sqlite:///")):
        raise BadInput(
            "Setting database_url must begin with postgresql:// or sqlite:///; what it holds is not shown here "
            "because it may carry a password. Correct it and start again."
        )
    if settings.log_level not in {"DEBUG", "INFO", "WARNING", "ERROR"}:
        raise BadInput(f"Setting log_level is {settings.log_level!r}; use DEBUG, INFO, WARNING or ERROR.")
    return settings


@cache
def configuration() -> Configuration:
    """The settings of this process, read once."""
    return read()
