"""Which web page shows this document? One file, nothing from elsewhere."""

from __future__ import annotations

from functools import cache

from jinja2 import Environment, PackageLoader, StrictUndefined

from alarp.report.document import Document


@cache
def _templates() -> Environment:
    return Environment(
        loader=PackageLoader("alarp.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def to_html(document: Document) -> str:
    """Which self-contained HTML page shows the document? The same text on every call.

    Prints on A4 with the summary on a page of its own. The style and drawings are inside; no script, no font and
    no image is fetched.
    """
    return _templates().get_template("document.html.j2").render(document=document)
