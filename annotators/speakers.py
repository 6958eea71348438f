"""Leads each source to a speaker within the story: pronouns and short names to the fullest name seen before.

What this does not do yet: descriptions (*the 61-year-old*), mentions outside of sources of other kinds than names.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from schemas.labels import Naming

PRONOUNS = frozenset(["he", "she", "they", "it", "i", "we", "his", "her", "their", "its", "who", "him", "them"])
_TITLES = frozenset(
    [
        "mr",
        "mrs",
        "ms",
        "dr",
        "prof",
        "president",
        "minister",
        "premier",
        "prime",
        "general",
        "gen",
        "colonel",
        "col",
        "captain",
        "senator",
        "sen",
        "rep",
        "governor",
        "gov",
        "mayor",
        "ambassador",
        "spokesman",
        "spokeswoman",
        "spokesperson",
        "secretary",
        "judge",
        "king",
        "queen",
        "prince",
        "bishop",
        "archbishop",
        "foreign",
        "interior",
        "defense",
        "defence",
        "finance",
        "the",
        "a",
        "an",
        "former",
        "vice",
        "deputy",
        "chief",
        "said",
        "st",
    ]
)
_CAPITALS = re.compile(r"(?:[A-ZÀ-Þ][\w'’-]*\.?)(?:\s+(?:(?:de|del|la|van|von|bin|al|el|da|dos)\s+)*[A-ZÀ-Þ][\w'’-]*\.?)*")


def speakers(text: str, sources: Sequence[str], namings: Sequence[str], starts: Sequence[int]) -> list[str | None]:
    """The speaker of each source of a story, in the order of the text; None for the unnamed and for none.

    sources: the sources' words ("" for none); namings: their naming labels; starts: their places in code points.
    """
    upper = sum(c.isupper() for c in text) > 0.6 * sum(c.isalpha() for c in text)
    order = sorted(range(len(sources)), key=lambda i: starts[i])
    found: list[str | None] = [None] * len(sources)
    last: str | None = None
    for i in order:
        words = sources[i].split()
        if not words:
            continue
        if len(words) == 1 and words[0].lower().strip(".,") in PRONOUNS:
            found[i] = last
            continue
        if namings[i] == Naming.UNNAMED:
            last = None
            continue
        name = _name_in(sources[i], upper)
        if name:
            found[i] = last = _fullest(name, text, upper)
    return found


def _name_in(source: str, upper: bool) -> str | None:
    """The proper name in a source's words: the longest run of capitalised words, titles in front taken off."""
    if upper:
        return _strip_titles(source.split(",")[0].strip()) or None
    runs = [_strip_titles(m.group()) for m in _CAPITALS.finditer(source)]
    runs = [r for r in runs if r]
    return max(runs, key=lambda r: len(r.split()), default=None)


def _strip_titles(name: str) -> str:
    words = name.split()
    while words and words[0].lower().strip(".") in _TITLES:
        words.pop(0)
    return " ".join(words).strip(" .,")


def _fullest(name: str, text: str, upper: bool) -> str:
    """The longest form of a name in the story: one that ends in the same word and is a run of capitals."""
    if upper or len(name.split()) > 1:
        return name
    pattern = re.compile(rf"(?:[A-ZÀ-Þ][\w'’-]*\.?\s+){{1,3}}{re.escape(name)}(?!\w)")
    forms = [_strip_titles(m.group()) for m in pattern.finditer(text)]
    forms = [f for f in forms if f.split()[-1:] == [name] and 1 < len(f.split()) <= 4]
    return forms[0] if forms else name
