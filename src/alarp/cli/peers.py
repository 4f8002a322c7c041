"""`alarp peers`: who may talk to the gateway, and with which token?"""

from __future__ import annotations

from typing import Any

import typer

from alarp.cli import answers
from alarp.cli.named import person_named
from alarp.kernel import BadInput

app = typer.Typer(
    help="The peers of the gateway: list them, give one a token for DICOMweb or take it away.",
    no_args_is_help=True,
    rich_markup_mode=None,
)


@app.command("list")
def listed(as_json: bool = typer.Option(False, "--json", help="Print the peers as JSON.")) -> None:
    """Who may call, from where, how secured, and who may pull?"""
    from alarp.records import boot

    boot()
    from alarp.records.ledger.models import Peer

    rows = [_row(peer) for peer in Peer.objects.select_related("deployment").order_by("aet")]
    if as_json:
        answers.as_json(rows)
        return
    for row in rows:
        typer.echo(
            f"{row['aet']:<16}  {row['kind']:<6}  {'on ' if row['enabled'] else 'off'}  "
            f"{row['secured'] or 'no TLS':<6}  {'pulls' if row['may_pull'] else '     '}  "
            f"{'token' if row['token'] else '     '}  from {row['addresses'] or 'anywhere'}"
        )


@app.command()
def token(
    aet: str = typer.Argument(..., help="The peer's AE title."),
    by: str = typer.Option(
        ..., "--by", help="User name of who gives it; the audit trail carries their name."
    ),
    withdraw: bool = typer.Option(False, "--withdraw", help="Take the peer's token away instead."),
) -> None:
    """Give a peer a fresh token for DICOMweb. It is shown this once; the one before ends."""
    from alarp.records import boot

    boot()
    from alarp.records.ledger import peers
    from alarp.records.ledger.models import Peer

    peer = Peer.objects.filter(aet=aet).first()
    if peer is None:
        raise BadInput(f"There is no peer {aet!r}; `alarp peers list` lists them.")
    person = person_named(by)
    if withdraw:
        peers.withdraw_token(peer, by=person)
        typer.echo(f"The token of {aet} opens nothing any more.")
        return
    typer.echo(peers.issue_token(peer, by=person))


def _row(peer: Any) -> dict[str, Any]:
    return {
        "aet": peer.aet,
        "name": peer.name,
        "kind": peer.kind,
        "enabled": peer.enabled,
        "host": peer.host,
        "port": peer.port,
        "deployment": peer.deployment.slug if peer.deployment else "",
        "addresses": peer.addresses,
        "secured": peer.secured,
        "way": peer.way,
        "url": peer.url,
        "may_pull": peer.may_pull,
        "patient_issuer": peer.patient_issuer,
        "token": bool(peer.token_sha256),
    }
