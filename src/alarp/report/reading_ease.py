"""How easy is a text to read? Flesch's reading ease, with the counts that it stands on.

Flesch R. A new readability yardstick. J Appl Psychol 1948;32:221-33 (doi:10.1037/h0057532):
206.835 - 1.015 x (words / sentences) - 84.6 x (syllables / words). Higher is easier; Flesch calls 60 to 70 standard
("plain English") and 80 to 90 easy. It counts lengths, not sense: a person who has not seen the text before is the
better judge.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_WORD = re.compile(r"[A-Za-z0-9]+(?:['’-][A-Za-z0-9]+)*")
_VOWELS = re.compile(r"[aeiouy]+")
# An e that is not spoken: "made", "used", "ones"; spoken in "table", "wanted", "places", "houses".
_SILENT = re.compile(r"(?:[^aeiouycgshxz]es|[^aeiouytd]ed|[^aeiouy]e)$")
_SPOKEN = re.compile(r"[^aeiouy]les?$")
# Two vowels side by side that are spoken apart: "being", "radiologist"; not in "tion", "special", "region".
_APART = re.compile(r"[aeiouy]ing|[^tscg]i[aou]")
# Flesch's seven steps (his table 5): from this score upwards.
_STEPS = (
    (90.0, "very easy"),
    (80.0, "easy"),
    (70.0, "fairly easy"),
    (60.0, "plain English"),
    (50.0, "fairly difficult"),
    (30.0, "difficult"),
)


@dataclass(frozen=True, slots=True)
class ReadingEase:
    """The score with what was counted; `score` is None for a text without a word."""

    score: float | None
    words: int
    sentences: int
    syllables: int

    @property
    def verdict(self) -> str:
        """'plain English': the step of Flesch's table that the score lies in."""
        if self.score is None:
            return "not measurable: there is no word"
        return next((words for least, words in _STEPS if self.score >= least), "very difficult")

    @property
    def sentence(self) -> str:
        """'Reading ease 72 (fairly easy): 120 words in 10 sentences, Flesch 1948'."""
        if self.score is None:
            return f"Reading ease {self.verdict}."
        return (
            f"Reading ease {self.score:.0f} ({self.verdict}): {self.words} words in {self.sentences} sentences, "
            "Flesch 1948, syllables counted by rule."
        )


def flesch(*, words: int, sentences: int, syllables: int) -> float | None:
    """How easy is a text with these counts? None where there is no word or no sentence to divide by."""
    if words <= 0 or sentences <= 0:
        return None
    return 206.835 - 1.015 * words / sentences - 84.6 * syllables / words


def reading_ease(text: str) -> ReadingEase:
    """How easy is this text, counted by rule: groups of vowels are syllables, a silent e at the end is not one?

    A sentence ends at . ! ? or at the end of a line; a number counts as one syllable per digit group, as its length
    when spoken is not known here.
    """
    sentences = [part for part in re.split(r"[.!?]+(?=\s|$)|\n+", text) if _WORD.search(part)]
    words = _WORD.findall(text)
    spoken = sum(syllables(word) for word in words)
    score = flesch(words=len(words), sentences=len(sentences), syllables=spoken)
    return ReadingEase(score, len(words), len(sentences), spoken)


def syllables(word: str) -> int:
    """How many syllables has this English word, by rule? At least one."""
    return sum(_syllables(part) for part in re.split(r"[-’']", word.lower()) if part and part != "s") or 1


def _syllables(word: str) -> int:
    groups = len(_VOWELS.findall(word)) + len(_APART.findall(word))
    if groups > 1 and _SILENT.search(word) and not _SPOKEN.search(word):
        groups -= 1
    return max(groups, 1)
