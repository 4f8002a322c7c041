"""Which PDF prints this page, tagged so that a screen reader can read it?"""

from __future__ import annotations

from contextlib import suppress

from alarp.kernel import Unavailable

HOW_TO_GET_IT = (
    "The PDF was not made because a system library is missing; install libpango-1.0-0, libpangoft2-1.0-0 and "
    "libharfbuzz-subset0 (Debian, Ubuntu) or pango (Homebrew) and run again. The HTML report is complete."
)


def load() -> None:
    """Load what prints, which takes a while, at a moment when there is time for it."""
    with suppress(OSError):  # a missing library is told by who prints
        import weasyprint  # noqa: F401


def to_pdf(html: str) -> bytes:
    """Which bytes are the PDF/UA-1 of this page? Raises Unavailable, with what to install, where it cannot be made.

    Nothing outside the page is fetched: only pictures that stand in the page itself (data URIs) are read.
    """
    try:
        from weasyprint import HTML
        from weasyprint.urls import URLFetcher
    except OSError as error:
        raise Unavailable(HOW_TO_GET_IT, phase="pdf") from error
    within = URLFetcher(allowed_protocols={"data"})
    made: bytes = HTML(string=html, url_fetcher=within).write_pdf(pdf_variant="pdf/ua-1")
    return made
