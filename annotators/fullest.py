"""The fullest form of a name that a story has."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Sequence

from annotators.names import BODIES, FIRMS, PREPOSITIONS, core, countries, identifies, is_name, segments

_TITLE_WORDS = (
    "mr mrs ms dr prof president minister premier prime general gen colonel col captain senator sen rep governor gov mayor"
    " ambassador spokesman spokeswoman spokesperson secretary judge king queen prince bishop archbishop the a an former vice deputy"
    " chief said st msgr attorney commander major lieutenant lt maj adm rev"
)
_PORTFOLIOS = frozenset(["foreign", "interior", "defense", "defence", "finance"])
"""Part of a title before another (Foreign Minister), of a name elsewhere (Foreign Ministry)."""
_BEFORE_TITLES = _PORTFOLIOS | frozenset(countries())
_OPENER_WORDS = (
    "but and or so yet then on in at by for from with after before when while as if since until though although because that monday"
    " tuesday wednesday thursday friday saturday sunday january february march april may june july august september october november"
    " december"
)
"""Words that stand before a name with a capital because a sentence begins there, and dates."""
_OFFICES = frozenset(
    [
        "president",
        "minister",
        "secretary",
        "director",
        "chairman",
        "chairwoman",
        "spokesman",
        "spokeswoman",
        "premier",
        "governor",
        "senator",
        "lord",
        "sir",
    ]
)
_OF = re.compile(r"\b(?:of|for|in|at)\b")
_TITLES, _OPENERS = frozenset(_TITLE_WORDS.split()), frozenset(_OPENER_WORDS.split())
_CAPITAL = r"[A-ZÀ-Þ][\w'’-]*"
_WORD = rf"(?:(?:[A-Z]\.)+|{_CAPITAL}\.?)"
_CAPITALS = re.compile(rf"{_WORD}(?:\s+(?:(?:de|del|la|van|von|bin|al|el|da|dos)\s+)*{_WORD})*")
_RUN = re.compile(rf"(?<![\w.])((?:(?:[A-Z]\.|{_CAPITAL})[^\S\n]+)+)(?=([A-ZÀ-Þ]\S*))")
"""Words with a capital in one sentence, and what follows them: a dot ends a sentence but for an initial's, a line break a paragraph."""
_INNER = re.compile(r"(?<=['’-])[A-ZÀ-Þ].*")
"""What begins with a capital within a word."""
_LETTER = re.compile(r"\w")
_BRACKETED = re.compile(r"[\[(]([A-ZÀ-Þ]{2,}[\w-]*)[\])]")
_APPOSED = re.compile(r"\s*,\s+([^,.;\n]{3,80})(?=[,.;\n])")


def full_name(phrase: str, text: str, upper: bool) -> str | None:
    """The name in a source's words, in the fullest form the story has: titles in front taken off."""
    name = (_upper_name(phrase) if upper else _name_in(phrase)) or None
    if name is None or len(name.split()) > 1 or name.lower().strip(".") in countries():
        return name
    return _fullest_upper(name, text) if upper else _fullest(name, _runs(text))


def known_as(phrase: str, text: str) -> list[str]:
    """What the story says of whom a phrase names where it stands first: letters in brackets, an apposition behind it."""
    at = text.find(phrase)
    if at < 0 or not phrase:
        return []
    after = text[at + len(phrase) : at + len(phrase) + 100]
    apposed = _APPOSED.match(after)
    return [*_BRACKETED.findall(after[:40]), *([apposed[1]] if apposed and _describes(apposed[1]) else [])]


def _describes(words_: str) -> bool:
    first = words_.split()[0].lower()
    return first in (
        "a",
        "an",
        "the",
        "former",
        "leader",
        "head",
        "chief",
        "chairman",
        "president",
        "spokesman",
        "spokeswoman",
        "secretary",
        "minister",
        "director",
        "commander",
        "bishop",
        "who",
    )


def _upper_name(phrase: str) -> str:
    """Where all is in capitals: the words at the end of a part that written English has not in small letters, or a body's whole name."""
    for segment in segments(phrase):
        if not identifies(segment, upper=True):
            continue
        found = core(segment)
        run = list(itertools.takewhile(lambda w: is_name(w, upper=True), reversed(found)))[::-1]
        if run:
            return _strip_titles(" ".join(run)) or " ".join(run)
        if {*map(str.lower, found)} & BODIES or found[-1].lower().strip(".") in countries():
            return segment.removeprefix("THE ").strip()
    return ""


def _fullest_upper(name: str, text: str) -> str:
    for match in re.finditer(rf"(?<!\w){re.escape(name)}(?!\w)", text):
        line = text[max(0, match.start() - 60) : match.start()]
        before = re.split(r"[^\w\s’'-]|\n", line)[-1].split() if line[-1:].isspace() else []
        run = list(itertools.takewhile(lambda w: is_name(w, upper=True) and w.lower() not in _TITLES, reversed(before)))[:3][::-1]
        if run:
            return " ".join([*run, name])
    return name


def _name_in(source: str) -> str | None:
    """The proper name in a source's words, titles in front taken off: a person's before that of a body, then the longest."""
    runs = [(m.group(), part) for part in segments(source) for m in _CAPITALS.finditer(part)]
    names = [(name, whole, part) for whole, part in runs if (name := _strip_titles(whole))]
    people = (name for name, whole, part in names if _ends_in_person(name, whole, part))
    return next(people, None) or max((name for name, _, _ in names), key=lambda n: len(n.split()), default=None)


def _ends_in_person(name: str, whole: str, part: str) -> bool:
    """Whether a part of a source's words ends in a person's name: two words or more, no body's, nothing's that is *of* something."""
    last = name.split()[-1].lower()
    return len(name.split()) > 1 and part.endswith(name) and last not in BODIES | FIRMS and (name != whole or not _OF.search(part))


def _strip_titles(name: str) -> str:
    words = name.split()
    lower = [w.lower().strip(".") for w in words]
    while lower and (lower[0] in _TITLES or (lower[0] in _BEFORE_TITLES and lower[1:2] and lower[1] in _TITLES | _BEFORE_TITLES)):
        words.pop(0), lower.pop(0)
    office = max((i for i, w in enumerate(lower[:-1]) if w in _OFFICES), default=-1)
    return " ".join(words[office + 1 :]).strip(" .,")


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
    return " ".join(itertools.dropwhile(lambda w: w.lower() in _OPENERS | PREPOSITIONS, name.split()))
