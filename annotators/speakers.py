"""Leads each source to a speaker within the story: pronouns and short names to the fullest name seen before.

What this does not do yet: descriptions (*the 61-year-old*), mentions outside of sources of other kinds than names.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Sequence

from schemas.labels import Naming

PRONOUNS = frozenset(["he", "she", "they", "it", "i", "we", "his", "her", "their", "its", "who", "him", "them"])
_TITLE_WORDS = (
    "mr mrs ms dr prof president minister premier prime general gen colonel col captain senator sen rep governor gov mayor"
    " ambassador spokesman spokeswoman spokesperson secretary judge king queen prince bishop archbishop the a an former vice deputy"
    " chief said st"
)
_PORTFOLIOS = frozenset(["foreign", "interior", "defense", "defence", "finance"])
"""Part of a title before another (Foreign Minister), of a name elsewhere (Foreign Ministry)."""
_OPENER_WORDS = (
    "but and or so yet then on in at by for from with after before when while as if since until though although because that monday"
    " tuesday wednesday thursday friday saturday sunday january february march april may june july august september october november"
    " december"
)
"""Words that stand before a name with a capital because a sentence begins there, and dates."""
_TITLES, _OPENERS = frozenset(_TITLE_WORDS.split()), frozenset(_OPENER_WORDS.split())
_CAPITAL = r"[A-ZÀ-Þ][\w'’-]*"
_WORD = rf"(?:(?:[A-Z]\.)+|{_CAPITAL}\.?)"
_CAPITALS = re.compile(rf"{_WORD}(?:\s+(?:(?:de|del|la|van|von|bin|al|el|da|dos)\s+)*{_WORD})*")
_RUN = re.compile(rf"(?<![\w.])((?:(?:[A-Z]\.|{_CAPITAL})[^\S\n]+)+)(?=([A-ZÀ-Þ]\S*))")
"""Words with a capital in one sentence, and what follows them: a dot ends a sentence but for an initial's, a line break a paragraph."""
_INNER = re.compile(r"(?<=['’-])[A-ZÀ-Þ].*")
"""What begins with a capital within a word."""
_LETTER = re.compile(r"\w")


def speakers(text: str, sources: Sequence[str], namings: Sequence[str], starts: Sequence[int]) -> list[str | None]:
    """The speaker of each source of a story, in the order of the text; None for the unnamed and for none.

    sources: the sources' words ("" for none); namings: their naming labels; starts: their places in code points.
    """
    upper = sum(map(str.isupper, text)) > 0.6 * sum(map(str.isalpha, text))
    runs = [] if upper else _runs(text)
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
            found[i] = last = _fullest(name, runs)
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
    lower = [w.lower().strip(".") for w in words]
    while lower and (lower[0] in _TITLES or (lower[0] in _PORTFOLIOS and lower[1:2] and lower[1] in _TITLES)):
        words.pop(0), lower.pop(0)
    return " ".join(words).strip(" .,")


def _runs(text: str) -> list[list[str]]:
    """The runs of words with a capital in a story; the last word of each with all that hangs on it."""
    return [[*m[1].split(), m[2]] for m in _RUN.finditer(text)]


def _fullest(name: str, runs: Sequence[Sequence[str]]) -> str:
    """The first longer form of a name in the story: one that ends in the same word and is a run of capitals in one sentence."""
    if len(name.split()) > 1:
        return name
    forms = (_strip_titles(_strip_openers(form)) for run in runs for form in _forms(name, run))
    return next((f for f in forms if f.split()[-1:] == [name] and 1 < len(f.split()) <= 4), name)


def _forms(name: str, run: Sequence[str]) -> Iterator[str]:
    """The name with up to three words before it, as often as a run has it; searched from the left, no word in two forms."""
    ends = {i for i, word in enumerate(run) if word.startswith(name) and not _LETTER.match(word, len(name))}
    words, at, last = list(run), 0, max(ends, default=0)
    while at < last:
        end = next((i for i in range(at + 3, at, -1) if i in ends), None)
        if end is None:
            at += 1
            continue
        yield " ".join([*words[at:end], name])
        rest = _INNER.search(words[end], len(name))  # of Lee-Smith, Smith may stand before the next Lee
        words[end], at = (rest[0], end) if rest else ("", end + 1)


def _strip_openers(name: str) -> str:
    return " ".join(itertools.dropwhile(lambda w: w.lower() in _OPENERS, name.split()))
