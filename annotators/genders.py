"""Whether a story speaks of somebody as *he* or as *she*: by titles and nouns of one gender, and by *her husband* behind a mention.

No gender is guessed from a name.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from annotators.names import words

_SHE = """
mrs ms miss madam madame queen princess baroness lady nun woman girl wife widow mother grandmother daughter sister aunt niece
spokeswoman chairwoman congresswoman policewoman businesswoman actress waitress
"""
_HE = """
mr king prince baron sir monk man boy husband widower father grandfather son brother uncle nephew
congressman policeman businessman waiter
"""
_NOUNS = {"she": _SHE.split(), "he": _HE.split()}
PRONOUNS_OF = {"she": "she", "her": "she", "he": "he", "his": "he", "him": "he"}
_OWN = re.compile(
    r"(?:[ ,](?!and\b|the\b|with\b)(?=[^A-Z])[\w’'-]+){0,7}?[ ,]+(her|his)\s+(?:late |own |jailed |former )?"
    r"(?:own|husband|wife|family|children|parents|mother|father|brother|sister|son|daughter|life|career|resignation|home|house)\b"
)
"""From a mention on: a few words of its sentence without another name, *the* or *and*, then whose husband, wife or house it is."""


def gender(phrases: Iterable[str], text: str, ends: Iterable[int]) -> str:
    """`she`, `he`, or "" where the story does not say or says both. phrases: what somebody is called; ends: where mentions end."""
    said = {word.lower() for phrase in phrases for word in words(phrase)}
    nouns = [pronoun for pronoun, its in _NOUNS.items() if said.intersection(its)]
    behind = {PRONOUNS_OF[m[1]] for end in ends if (m := _OWN.match(text, end))}
    return _only(nouns) or _only(behind)


def _only(found: Iterable[str]) -> str:
    first, *others = [*found] or [""]
    return "" if others else first
