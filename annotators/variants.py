"""Gold articles in another dress: other case, other quotation marks, paragraphs parted elsewhere.

What is said stays the same, and the relations move along, so a model's figures on a variant show what it owes to the dress.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise

import numpy as np

from annotators.claims import sentences
from annotators.corpora import Article, Relation, Stretches
from annotators.tags import ROLES
from schemas.story import BREAK, Story

EVERY = 3
"""Of the sentence ends within paragraphs, which becomes a paragraph break: every third."""
_STRAIGHT = str.maketrans({"“": '"', "”": '"', "„": '"', "‘": "'", "’": "'", "‚": "'"})
_CURLY = {'"': "“”", "'": "‘’"}
_OPENERS = "([{“‘"
_DASHES = "-–—"
_DECADE = re.compile(r"'\d\ds\b")
Edit = tuple[int, int, str]


def lower_case(article: Article) -> Article:
    """All in small letters, but for a character that would become two."""
    return replace(article, text=_each(article.text, str.lower))


def upper_case(article: Article) -> Article:
    """All in capitals, as old wires came, but for a character that would become two (ß)."""
    return replace(article, text=_each(article.text, str.upper))


def straight_quotes(article: Article) -> Article:
    """Typewriter quotation marks and apostrophes."""
    return replace(article, text=article.text.translate(_STRAIGHT))


def curly_quotes(article: Article) -> Article:
    """Typographic quotation marks and apostrophes; those that are typographic already stay."""
    text = article.text
    made = list(text)
    for at, mark in enumerate(text):
        if mark in _CURLY:
            made[at] = _CURLY[mark][not _opens(text, at, made[at - 1] if at else " ")]
    return replace(article, text="".join(made))


def breaks_out(article: Article) -> Article:
    """Every second paragraph joined to the one before by a space; the first break, that behind a headline, stays."""
    return _edited(article, [(*m.span(), " ") for m in list(BREAK.finditer(article.text))[1::2]])


def breaks_in(article: Article) -> Article:
    """A paragraph break at every third of the sentence ends that lie within a paragraph."""
    gaps = [(a.end, b.start) for a, b in pairwise(sentences(Story(article.id, 1, article.text)))]
    inner = [(a, b) for a, b in gaps if a < b and "\n" not in article.text[a:b]]
    return _edited(article, [(a, b, "\n\n") for a, b in inner[EVERY - 1 :: EVERY]])


VARIANTS: dict[str, Callable[[Article], Article]] = {
    "lower case": lower_case,
    "upper case": upper_case,
    "straight quotes": straight_quotes,
    "curly quotes": curly_quotes,
    "every second paragraph break out": breaks_out,
    "a break at every third sentence end": breaks_in,
}


def _each(text: str, change: Callable[[str], str]) -> str:
    """Changes a text one character at a time and leaves those whose change is not one character, so that offsets hold."""
    return "".join(new if len(new := change(c)) == 1 else c for c in text)


def _opens(text: str, at: int, before: str) -> bool:
    """Whether the straight mark at a place opens a quotation; before: the character before it, already curly."""
    if _DECADE.match(text, at):
        return False
    if before in _DASHES:  # “so he—” she said; but: he said—“so”
        return text[at + 1 : at + 2].isalnum()
    return before.isspace() or before in _OPENERS


def _edited(article: Article, edits: list[Edit]) -> Article:
    """The article with stretches of its text replaced (in order, apart); a span of nothing but what went goes too."""
    parts, done = [], 0
    border = np.arange(len(article.text) + 1)  # for each old offset the new one
    for a, b, new in edits:
        parts += [article.text[done:a], new]
        done = b
        border[a + 1 : b] = np.minimum(border[a + 1 : b], border[a] + len(new))
        border[b:] += len(new) - (b - a)

    def moved(spans: Stretches) -> Stretches:
        places = ((int(border[a]), int(border[b])) for a, b in spans)
        return tuple((a, b) for a, b in places if a < b)

    relations = tuple(Relation(*(moved(getattr(r, role)) for role in ROLES)) for r in article.relations)
    return Article(article.id, "".join([*parts, article.text[done:]]), relations)
