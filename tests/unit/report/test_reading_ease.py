"""Flesch's reading ease: the published sentences give their published scores, and the rule counts what one hears."""

from __future__ import annotations

import pytest

from alarp.report.reading_ease import flesch, reading_ease, syllables


def test_six_short_words_score_116_as_the_formula_says() -> None:
    found = reading_ease("The cat sat on the mat.")
    assert (found.words, found.sentences, found.syllables) == (6, 1, 6)
    assert found.score == pytest.approx(206.835 - 1.015 * 6 - 84.6)


def test_a_sentence_of_sixteen_words_and_23_syllables_scores_69() -> None:
    text = "This sentence, taken as a reading passage unto itself, is being used to prove a point."
    found = reading_ease(text)
    assert (found.words, found.syllables) == (16, 23)
    assert round(found.score or 0) == 69
    assert found.verdict == "plain English"


@pytest.mark.parametrize(
    ("word", "spoken"),
    [
        ("made", 1), ("used", 1), ("table", 2), ("wanted", 2), ("places", 2), ("houses", 2), ("whole", 1),
        ("being", 2), ("people", 2), ("station", 2), ("region", 2), ("radiologist", 5), ("X-ray", 2),
        ("nodule", 2), ("the", 1), ("a", 1), ("patient's", 2),
    ],
)  # fmt: skip
def test_a_word_has_as_many_syllables_as_one_hears(word: str, spoken: int) -> None:
    assert syllables(word) == spoken


def test_a_text_without_a_word_has_no_score() -> None:
    found = reading_ease("… !")
    assert found.score is None
    assert "not measurable" in found.sentence
    assert flesch(words=0, sentences=0, syllables=0) is None


def test_lines_end_a_sentence_even_without_a_full_stop() -> None:
    assert reading_ease("You can say no\nYou get the same care.").sentences == 2


@pytest.mark.parametrize(
    ("score", "words"),
    [(95, "very easy"), (80, "easy"), (79.9, "fairly easy"), (60, "plain English"), (29, "very difficult")],
)
def test_the_verdict_follows_the_steps_of_fleschs_table(score: float, words: str) -> None:
    from alarp.report.reading_ease import ReadingEase

    assert ReadingEase(score, 10, 1, 10).verdict == words
