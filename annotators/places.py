"""Names of countries, peoples, cities, regions, parliaments and parties in a text, and the country each belongs to."""

from __future__ import annotations

import functools
import re
from collections import Counter, defaultdict
from collections.abc import Iterator

from annotators.names import WORDS, countries

_WORD = re.compile(r"[^\W\d_](?:[\w.’'-]*\w)?")
_LONGEST = 4
"""Most words of a name."""
_OPENING = 100
"""Code points of a dateline, or of the words that stand for one."""


@functools.cache
def _names() -> dict[str, str]:
    """For each name in small letters its country; names of two countries are left out."""
    rows = [line.split(":") for line in (WORDS / "cities.txt").read_text(encoding="utf-8").splitlines()]
    pairs = [(name.strip().lower(), country) for country, names in rows for name in names.split(",")]
    shared = {name for name, count in Counter(name for name, _ in set(pairs)).items() if count > 1}
    return countries() | {name: country for name, country in pairs if name not in shared}


def places(text: str) -> Iterator[tuple[int, int, str]]:
    """Begin and end of each name, and its country; the longest names first, possessives taken off."""
    names, found = _names(), list(_WORD.finditer(text))
    at = 0
    while at < len(found):
        taken = 1
        if found[at].group()[0].isupper():
            for size in range(min(_LONGEST, len(found) - at), 0, -1):
                if country := names.get(_joined(text, found[at : at + size])):
                    yield found[at].start(), found[at + size - 1].end(), country
                    taken = size
                    break
        at += taken


def _joined(text: str, its: list[re.Match[str]]) -> str:
    whole = text[its[0].start() : its[-1].end()].lower().replace("’", "'")
    return whole.removesuffix("'s")


def home(text: str) -> str:
    """The country a story is about, as its words tell: the one named most; "" for none.

    Names at its very beginning count four times, those of its first third twice; the United States', who are party to much, half.
    """
    counts: dict[str, float] = defaultdict(float)
    for start, _, country in places(text):
        early = start < len(text) // 3
        counts[country] += (4 if early and start < _OPENING else 2 if early else 1) * (0.5 if country == "States" else 1)
    return max(counts, key=counts.__getitem__) if counts else ""
