"""Modules, a Trust's own competences and lists of records come in from files: all of it, or one sentence and nothing."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
import training_school as school
import valley
import yaml

from alarp.kernel import AlarpError, BadInput, NotNow, NotPermitted
from alarp.records import clock
from alarp.records.training import commands, queries
from alarp.records.training.models import Item, LocalCompetences, Module, TrainingRecord

HEADER = "username,module,dated,correct,items,failures_caught,failures,certificate"


def day(ago: int) -> str:
    return (clock.now().date() - timedelta(days=ago)).isoformat()


def records(*lines: str, by: str = "lead-physicist", header: str = HEADER) -> commands.Imported:
    return commands.import_file("\n".join([header, *lines]).encode(), "records.csv", by=valley.person(by))


def competences(table: dict[str, Any]) -> commands.Imported:
    text = yaml.safe_dump({"competences": table}).encode()
    return commands.import_file(text, "own.yaml", by=valley.person("lead-physicist"))


@pytest.mark.need("H05")
def test_a_file_of_modules_becomes_modules_with_their_cases(trust: None) -> None:
    found = school.imported(school.described(), school.described("basics", ""))
    assert found.sentence == "2 modules added."
    module = school.module()
    assert (module.tool, module.edition, module.valid_days) == ("Flag 1.0", 1, 365)
    assert list(module.items.order_by("number").values_list("ai_right", flat=True)) == [
        True,
        True,
        False,
        True,
        False,
    ]
    assert school.module("basics").tool == ""


def test_the_same_file_twice_changes_nothing_and_another_wording_is_a_new_edition(trust: None) -> None:
    school.imported(school.described())
    assert school.imported(school.described()).sentence == "1 entry was there already."
    school.imported(school.described(title="Flag, for those who read"))
    assert list(Module.objects.values_list("edition", flat=True)) == [1, 2]


def case(ai: str = "right", **change: Any) -> dict[str, Any]:
    return {"case": "A film", "ai_said": "Nothing", "ai": ai, "reason": "Because.", **change}


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"version": "9.9"}, "there is no version 9.9 of the product 'flag'"),
        ({"product": None}, "names a version alone"),
        ({"pass_mark": 80}, "pass_mark is 80; give a share"),
        ({"pass_mark": float("nan")}, "pass_mark is nan"),
        ({"valid_days": 0}, "valid_days is 0"),
        ({"grants": "everything"}, "it grants 'everything'"),
        ({"grants": {"wizard": "unaided"}}, "no 'wizard'"),
        ({"grants": {"reader": "none"}}, "grants nothing to anybody"),
        ({"grants": None}, "does not say what it grants"),
        ({"outcomes": []}, "no list under 'outcomes'"),
        ({"teaches": {"ai.magic": 1}}, "no competence statement 'ai.magic'"),
        ({"teaches": {"ai.evaluating": 5}}, "to level 5"),
        ({"colour": "red"}, "has the field 'colour'"),
        ({"items": [case()]}, "add cases where this tool is wrong"),
        ({"items": [case("perhaps")]}, "ai is 'perhaps'"),
        ({"items": [case("wrong", result=4711)]}, "there is no result 4711"),
        ({"slug": "Flag Readers"}, "slug is 'Flag Readers'"),
        ({"asked_of": ["reader"]}, "asked_of belongs to general modules"),
    ],
)
def test_a_module_that_does_not_fit_is_refused_in_one_sentence_and_nothing_of_its_file_is_kept(
    trust: None, change: dict[str, Any], sentence: str
) -> None:
    with pytest.raises(BadInput, match=sentence) as refusal:
        school.imported(school.described("basics", ""), school.described(**change))
    assert "\n" not in str(refusal.value)
    assert "module 2" in str(refusal.value)
    assert (Module.objects.count(), Item.objects.count()) == (0, 0)


def test_a_slug_stays_with_its_version(trust: None) -> None:
    school.imported(school.described())
    with pytest.raises(BadInput, match=r"is about Flag 2\.0, but the module of this slug is about Flag 1\.0"):
        school.imported(school.described(version="2.0"))


def test_a_list_of_records_is_kept_and_the_same_list_again_adds_nothing(trust: None) -> None:
    school.imported(school.described())
    lines = [f"reader,flag-readers,{day(3)},5,5,2,2,VS-1", f"radiographer,flag-readers,{day(4)},4,5,2,2,VS-2"]
    assert records(*lines).sentence == "2 training records added."
    assert records(*lines, "").sentence == "2 entries were there already."
    assert TrainingRecord.objects.count() == 2


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ("ghost,flag-readers,{day},5,5,2,2,VS-1", "line 3: There is nobody with the username 'ghost'"),
        (",flag-readers,{day},5,5,2,2,VS-1", "line 3: The record is for nobody"),
        ("reader,magic,{day},5,5,2,2,VS-1", "line 3: There is no training module 'magic'"),
        (
            "reader,flag-readers,2099-01-01,5,5,2,2,VS-1",
            "line 3: The training is dated 2099-01-01, which lies ahead",
        ),
        ("reader,flag-readers,yesterday,5,5,2,2,VS-1", "line 3: dated is 'yesterday'"),
        (
            "reader,flag-readers,{day},2,5,0,2,VS-1",
            "line 3: 2 of 5 cases judged rightly is below the pass mark",
        ),
        ("reader,flag-readers,{day},-5,5,2,2,VS-1", "line 3: correct is '-5'"),
        ("reader,flag-readers,{day},5,5,2,2", "line 3 has 7 cells under 8 columns"),
        ("reader,flag-readers,{day},5,,2,2,VS-1", "line 3: a score needs both"),
        ("reader,flag-readers,{day},5,5,2,2,", "line 3: Training done elsewhere needs the reference"),
        ("lead-physicist,flag-readers,{day},5,5,2,2,X", "line 3: Nobody records their own training"),
        ("stranger,flag-readers,{day},5,5,2,2,X", "line 3: The stranger does not work for Valley NHS Trust"),
    ],
)
def test_one_wrong_line_is_named_and_no_line_of_the_list_is_kept(
    trust: None, line: str, sentence: str
) -> None:
    school.imported(school.described())
    with pytest.raises(AlarpError, match=sentence):
        records(f"radiographer,flag-readers,{day(4)},4,5,2,2,VS-2", line.format(day=day(3)))
    assert not TrainingRecord.objects.exists()


def test_a_second_score_for_the_same_day_is_refused_not_overwritten(trust: None) -> None:
    school.imported(school.described())
    records(f"reader,flag-readers,{day(3)},5,5,2,2,VS-1")
    with pytest.raises(NotNow, match=r"line 2: The reader's training .* with another score or certificate"):
        records(f"reader,flag-readers,{day(3)},4,5,2,2,VS-1")


@pytest.mark.parametrize(
    ("data", "name", "sentence"),
    [
        (b"", "x.yaml", "is empty"),
        (b"modules: [", "x.yaml", "not valid YAML near line 1"),
        (b"\xff\xfe\x00", "x.yaml", "not valid YAML"),
        (b"\xff\xfe\x00", "x.csv", "not text in UTF-8"),
        (b"hazards: []", "x.yaml", "has the field 'hazards'"),
        (b"{}", "x.yaml", "holds neither modules nor competences"),
        (b"name,score\n", "x.csv", "has the columns name, score; it needs exactly username"),
        (HEADER.encode(), "x.csv", "no record below its header"),
        (b"#" + b" " * 2_000_001, "x.yaml", "at most 2 MB"),
    ],
)
def test_a_file_of_another_kind_is_refused_in_one_sentence(
    trust: None, data: bytes, name: str, sentence: str
) -> None:
    with pytest.raises(BadInput, match=sentence):
        commands.import_file(data, name, by=valley.person("lead-physicist"))


def test_only_who_keeps_training_imports_and_only_for_their_own_trust(trust: None) -> None:
    for username in ("reader", "vendor", "region"):
        with pytest.raises(NotPermitted):
            school.imported(school.described(), by=username)
    school.imported(school.described(), by="stranger")
    assert Module.objects.get().organisation.slug == "hill"
    assert queries.module_named("flag-readers", valley.person("reader")) is None


@pytest.mark.need("H04")
def test_a_trusts_own_competences_join_the_national_ones_and_a_new_version_takes_their_place(
    trust: None,
) -> None:
    table = {
        "version": "valley-1",
        "adds_to": "capabilities-2023.1",
        "statements": [
            {"slug": "night", "says": "Knows the night plan.", "domain": "ai", "levels": {"U": 2}}
        ],
    }
    assert competences(table).sentence == "1 competence statement added."
    own = queries.framework_of(valley.organisation("river"))
    assert "ai.night" in {s.name for s in own.statements}
    assert "ai.night" not in {s.name for s in queries.framework_of(valley.organisation("hill")).statements}
    with pytest.raises(NotNow, match="give the new one a new version"):
        competences({**table, "statements": [{**table["statements"][0], "says": "Otherwise."}]})
    competences({**table, "version": "valley-2", "statements": [{**table["statements"][0], "slug": "day"}]})
    names = {s.name for s in queries.framework_of(valley.organisation("valley")).statements}
    assert ("ai.day" in names, "ai.night" in names, LocalCompetences.objects.count()) == (True, False, 2)


def test_what_was_passed_shows_as_a_level_until_it_expires(trust: None) -> None:
    school.imported(school.described())
    record = school.passed("reader", days_ago=0)
    reader = valley.person("reader")
    assert queries.levels_reached(reader, record.expires_on) == {"ai.reading-results": 3}
    assert queries.levels_reached(reader, record.expires_on + timedelta(days=1)) == {}
