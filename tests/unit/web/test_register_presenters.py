"""How a tool reads to the public."""

from __future__ import annotations

from datetime import UTC, datetime

from alarp.records.governance.public import IN_USE, ON_TRIAL, PAUSED, PublicTool
from alarp.web.register import presenters


def found(standing: str, name: str = "Flag", site: str = "River") -> PublicTool:
    return PublicTool(
        slug=name.lower(),
        name=name,
        summary="Marks films.",
        site=site,
        trust="Valley NHS Trust",
        standing=standing,
        since=datetime(2026, 6, 3, 12, tzinfo=UTC),
        told=None,
        told_number=0,
        told_at=None,
        leaflet_sha256="",
        easy_leaflet_sha256="",
        answers=(),
    )


def test_the_first_sentence_counts_what_is_used_tested_and_paused() -> None:
    tools = [presenters.tool(found(s)) for s in (IN_USE, IN_USE, ON_TRIAL, PAUSED)]
    assert (
        presenters.sentence(tools)
        == "We use 2 computer tools, we test 1 computer tool and 1 computer tool is paused."
    )
    assert presenters.sentence([]) == "We use no computer tool on pictures at the moment."


def test_a_paused_tool_says_that_nothing_is_sent_and_names_no_reason_and_no_date() -> None:
    shown = presenters.tool(found(PAUSED))
    assert (shown.standing, shown.since_words) == ("Paused", "")
    assert shown.meaning == (
        "No pictures are sent to this tool at the moment. Everything is read without it."
    )


def test_a_tool_on_trial_says_that_its_results_are_not_used_for_care() -> None:
    shown = presenters.tool(found(ON_TRIAL))
    assert (shown.standing, shown.since_words) == ("Being tested", "since 3 June 2026")
    assert "not used for anybody's care" in shown.meaning


def test_tools_are_told_site_by_site() -> None:
    tools = [
        presenters.tool(found(IN_USE, name, site))
        for name, site in (("A", "Hill"), ("B", "River"), ("C", "River"))
    ]
    assert [(site, [t.name for t in group]) for site, group in presenters.by_site(tools)] == [
        ("Hill", ["A"]),
        ("River", ["B", "C"]),
    ]
