"""What a phrase says of whom it names: proper names, the noun it stands on, whether it identifies anybody.

By form alone: capitals where the text has them; in a text all of capitals, words that written English has only small are no names.
"""

from __future__ import annotations

import functools
import re
from pathlib import Path

WORDS = Path(__file__).with_name("words")
_WORD = re.compile(r"(?:[A-Za-z]\.){2,}|\w[\w’'-]*")
_BORDER = re.compile(r"[,;:(){}\[\]]| -{1,2} |--|—| – ")
_MADE = re.compile(r"(.+?)['’][sS]\s+(?:\w+\s+)?(\w+)")
_POSSESSIVE = re.compile(r"['’]s?$")
DEFINITE = frozenset(["the", "this", "that", "these", "those", "his", "her", "their", "its", "both"])
_BEFORE_NAMES = frozenset(
    ["mr", "mrs", "ms", "dr", "prof", "gen", "col", "lt", "capt", "maj", "sen", "rep", "gov", "sgt", "msgr", "rev", "adm", "st"]
)
PREPOSITIONS = frozenset(
    [
        "of",
        "in",
        "for",
        "from",
        "at",
        "on",
        "with",
        "by",
        "to",
        "who",
        "whom",
        "which",
        "that",
        "near",
        "under",
        "living",
        "close",
        "inside",
        "around",
        "based",
        "as",
        "about",
        "into",
        "against",
    ]
)
BODIES = frozenset(
    [
        "agency",
        "airline",
        "army",
        "assembly",
        "association",
        "authority",
        "bank",
        "board",
        "brigade",
        "bureau",
        "cabinet",
        "center",
        "centre",
        "church",
        "command",
        "commission",
        "committee",
        "company",
        "confederation",
        "conference",
        "congress",
        "corporation",
        "council",
        "court",
        "department",
        "directorate",
        "embassy",
        "federation",
        "force",
        "forces",
        "foundation",
        "front",
        "government",
        "group",
        "guard",
        "house",
        "institute",
        "junta",
        "league",
        "ministry",
        "mission",
        "monitor",
        "movement",
        "navy",
        "network",
        "office",
        "organisation",
        "organization",
        "parliament",
        "party",
        "patriarchate",
        "police",
        "radio",
        "senate",
        "service",
        "society",
        "syndicate",
        "television",
        "treasury",
        "tribunal",
        "union",
        "university",
        "watch",
    ]
)
"""Nouns that name a body when a name, a nationality or an official title stands with them."""
FIRMS = frozenset(
    ["ltd", "inc", "corp", "co", "plc", "bank", "securities", "chambers", "chamber", "exchange", "company", "group", "trust", "stores"]
)
"""Words on which a firm's name ends."""
DOCUMENTS = frozenset(
    [
        "report",
        "version",
        "statement",
        "package",
        "plan",
        "proposal",
        "letter",
        "communique",
        "newspaper",
        "magazine",
        "weekly",
        "daily",
        "programme",
        "program",
        "broadcast",
        "accord",
        "bulletin",
        "article",
        "editorial",
        "book",
        "memoir",
        "diary",
        "testimony",
    ]
)
"""What speaks for whoever made it."""
_BARE = frozenset(
    [
        "police",
        "army",
        "government",
        "court",
        "forces",
        "group",
        "party",
        "company",
        "council",
        "authority",
        "parliament",
        "guard",
        "movement",
        "front",
        "church",
        "union",
    ]
)
"""Bodies that many places have: alone they name none."""


@functools.cache
def _lines(name: str) -> tuple[str, ...]:
    return tuple((WORDS / name).read_text(encoding="utf-8").split("\n"))


@functools.cache
def common() -> frozenset[str]:
    """Words that written English begins with a small letter."""
    return frozenset(_lines("common.txt"))


@functools.cache
def countries() -> dict[str, str]:
    """For each name of a country, its people or its seat of government, in small letters, the country."""
    rows = [line.split() for line in _lines("places.txt")]
    return {form.lower(): row[0] for row in rows for form in row}


def words(phrase: str) -> list[str]:
    """The words of a phrase, possessives taken off."""
    return [_POSSESSIVE.sub("", m.group()) for m in _WORD.finditer(phrase)]


def is_upper(text: str) -> bool:
    """Whether a text is all of capitals, as telexes are."""
    return sum(map(str.isupper, text)) > 0.6 * sum(map(str.isalpha, text))


def is_name(word: str, upper: bool) -> bool:
    """Whether a word is part of a proper name; nationalities are not."""
    plain = word.lower().strip(".")
    if not word[:1].isupper() or plain in _BEFORE_NAMES or plain in countries() or plain + "s" in countries() or plain[:-1] in countries():
        return False
    return (
        not _ordinary(plain) if upper or (word.isupper() and len(word) > 5) else plain not in DEFINITE and plain not in ("a", "an", "some")
    )


def _ordinary(plain: str) -> bool:
    stems = [plain, plain.removesuffix("s"), plain.removesuffix("es"), plain.removesuffix("ed"), plain.removesuffix("ing"), plain + "s"]
    return any(s in common() for s in stems) or all(part in common() for part in plain.split("-")) or plain.isdigit()


def core(segment: str) -> list[str]:
    """The words of a noun phrase up to its first preposition or relative word."""
    found: list[str] = []
    for word in words(segment):
        if found and word.lower() in PREPOSITIONS:
            break
        found.append(word)
    return found


def maker(phrase: str) -> str | None:
    """Whoever a document is by, as its phrase says: *CODEH'S VERSION*, *Roh's package*."""
    match = _MADE.fullmatch(phrase.strip())
    return match[1] if match and match[2].lower() in DOCUMENTS else None


def segments(phrase: str) -> list[str]:
    """A phrase at its commas, brackets and dashes."""
    return [s.strip(" \"“”'") for s in _BORDER.split(phrase) if s and s.strip(" \"“”'")]


def head(phrase: str) -> str:
    """The noun a phrase stands on, in small letters: the last word before a comma or preposition."""
    first = segments(phrase)[:1]
    found = core(first[0]) if first else []
    return found[-1].lower().strip(".") if found else ""


_COUNTED = frozenset(
    ["a", "an", "some", "several", "many", "two", "three", "four", "five", "other", "one", "all", "most", "few", "various", "certain"]
)


def identifies(phrase: str, upper: bool) -> bool:
    """Whether a phrase by itself names somebody: a person's name, a body with a name, a nationality or an official title."""
    return any(_names(part, upper, first=not i) for i, part in enumerate(segments(phrase)))


def _names(segment: str, upper: bool, *, first: bool) -> bool:
    found = core(segment)
    if not found:
        return False
    lower = [w.lower().strip(".") for w in found]
    opens = len(found) == 1 and first and not upper and _ordinary(lower[0])  # a capital that the sentence gave
    if is_name(found[-1], upper) and not opens and lower[-1] not in BODIES:
        return upper or not _ordinary(lower[-1]) or len(found) > 1
    if lower[0] in _COUNTED:
        return False
    if lower[-1] in countries() and len(found) <= 2:
        return True
    named = any(is_name(w, upper) for w in found[1:])
    if named and (lower[0] == "the" or lower[-1] in DOCUMENTS):
        return True
    return _is_body(lower, segment, upper)


def _is_body(lower: list[str], segment: str, upper: bool) -> bool:
    """Whether a noun phrase is a body's name: what stands before its noun or after *of* says which."""
    if lower[-1] not in BODIES:
        return False
    before = [w for w in lower[:-1] if w not in DEFINITE]
    placed = any(w.strip(".") in countries() for w in map(str.lower, words(segment)))
    titled = any(is_name(w, upper) for w in words(segment))
    if lower[-1] in _BARE:
        return placed or titled or (bool(before) and any(w in ("national", "armed", "supreme", "federal") for w in before))
    return placed or titled or bool(before) or " of " in segment.lower()
