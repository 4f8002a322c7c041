"""`alarp procedures`: how is the work of each gate done here?"""

from __future__ import annotations

import typer

from alarp.cli.named import deployment_named
from alarp.pathway import procedures_as_markdown
from alarp.standards import load_pathway, load_roles


def procedures(
    deployment: str = typer.Argument(
        "", help="A deployment's short name: with the criteria its Trust added."
    ),
) -> None:
    """Print the standard operating procedure of every gate, as Markdown."""
    pathway = load_pathway()
    if deployment:
        from alarp.records import boot

        boot()
        from alarp.records.deployments.queries import pathway_of

        pathway = pathway_of(deployment_named(deployment))
    typer.echo(procedures_as_markdown(pathway, {role.slug: role for role in load_roles()}), nl=False)
