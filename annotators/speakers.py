"""Leads the sources of a story to its speakers: pronouns, short names and descriptions to the fullest name seen.

What this does not do: sources of many people are one speaker only where the same words name them; no gender is guessed from a name.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from annotators.corpora import Relation
from annotators.fullest import full_name, known_as
from annotators.genders import PRONOUNS_OF, gender
from annotators.names import BODIES, FIRMS, core, countries, head, identifies, is_upper, maker, segments, words
from schemas.labels import Naming
from schemas.spans import Span, cut

SINGULAR, THING, PLURAL, FIRST = (
    ("he", "she", "his", "her", "him"),
    ("it", "its"),
    ("they", "their", "them", "both"),
    ("i", "we", "my", "our"),
)
RELATIVE = ("who", "which", "that", "whom")
PRONOUNS = frozenset([*SINGULAR, *THING, *PLURAL, *FIRST, *RELATIVE])
_ANY = frozenset(
    [
        "official",
        "officials",
        "source",
        "leader",
        "politician",
        "man",
        "woman",
        "officer",
        "chief",
        "executive",
        "head",
        "speaker",
        "spokesman",
        "spokeswoman",
    ]
)
"""Nouns by which a story means the person it has just named."""
_AGE = re.compile(r"\d+-year-old$")
_ARTICLES = ("the", "this", "that", "these", "those", "his", "her", "their", "its")
_REST = r"[^,.;\n]*(?:,\s+(?:citing|because|since|so)\b[^,.;\n]*)?"
"""To the end of a reason: the next comma, unless the reason proper follows it."""
_REASON = re.compile(
    rf"(?:who|which)\s+(?:\w+\s+){{0,2}}?(?:asked|declined|requested|insisted|refused|wished|was not authori[sz]ed|were not authori[sz]ed|"
    rf"is not authori[sz]ed|are not authori[sz]ed){_REST}|"
    rf"(?:speaking\s+)?on\s+(?:the\s+)?condition\s+(?:of\s+anonymity|that\s+[^.,;\n]*){_REST}|"
    rf"asked\s+(?:not\s+to\s+be\s+(?:named|identified)|to\s+remain\s+anonymous|that\s+\w+\s+names?\s+not\s+be){_REST}|"
    rf"not\s+authori[sz]ed\s+to\s+(?:speak|talk|comment|brief){_REST}",
    re.I,
)
_NAMELESS = re.compile(r"anonym|not\s+(?:be|to\s+be)|name|identif|authori[sz]ed|quoted", re.I)
_OFFICES = frozenset(
    [
        "president",
        "premier",
        "minister",
        "secretary",
        "governor",
        "mayor",
        "ambassador",
        "general",
        "chairman",
        "director",
        "bishop",
        "judge",
        "king",
        "prince",
    ]
)
_LETTERS = re.compile(r"^[^,(\[]*[\[(]([A-ZÀ-Þ]{2,}[\w-]*)[\])]|,\s([A-ZÀ-Þ]{2,}[\w-]*)$")
_NEAR = 220
"""Code points after an unnamed source in which the reason for its anonymity is looked for."""


@dataclass(frozen=True)
class Speaker:
    """One speaker of a story.

    name: the fullest seen, None for the unnamed; descriptors: titles, appositions and role words; mentions: the source phrases that
    led here; anonymity: the reasons given for not naming them.
    """

    name: str | None
    descriptors: tuple[str, ...]
    mentions: tuple[Span, ...]
    anonymity: tuple[Span, ...] = ()


@dataclass
class _Known:
    """A speaker while the story is read."""

    name: str | None
    phrases: list[str] = field(default_factory=list)
    claims: list[int] = field(default_factory=list)

    @property
    def letters(self) -> set[str]:
        """The letters a body is known by: *Ministry of Foreign Affairs [MOFA]*."""
        return {m.lower() for p in self.phrases for pair in _LETTERS.findall(p) for m in pair if m} | {
            p.lower() for p in self.phrases[1:] if p.isupper() and " " not in p
        }

    @property
    def nouns(self) -> set[str]:
        return {w.lower() for phrase in self.phrases for w in words(phrase)}


class Resolution:
    """The speakers of a story's sources.

    of: for each relation the number of its speaker, or None; naming: the naming of each source.
    """

    def __init__(self, text: str, relations: Sequence[Relation]) -> None:
        self.text, self.relations, self.upper = text, relations, is_upper(text)
        self.phrases = [" ".join(text[a:b] for a, b in r.source) for r in relations]
        self.starts = [min((a for a, _ in r.source), default=-1) for r in relations]
        self.of: list[int | None] = [None] * len(relations)
        self.known: list[_Known] = []
        self._around = [self._holding(i) for i in range(len(relations))]
        order = sorted((i for i, s in enumerate(self.starts) if s >= 0), key=self.starts.__getitem__)
        pronouns = [i for i in order if self.pronoun(i)]
        for i in order:
            if not self.pronoun(i):
                self._meet(i)
        for i in sorted(pronouns, key=lambda i: (self.pronoun(i) in FIRST, self.starts[i])):
            self._lead(i, frozenset())
        self.naming = [self._naming(i) for i in range(len(relations))]

    def pronoun(self, i: int) -> str:
        """The pronoun that a source is, in small letters, or ""."""
        found = words(self.phrases[i])
        return found[0].lower() if len(found) == 1 and found[0].lower() in PRONOUNS else ""

    def speakers(self) -> list[Speaker]:
        """All speakers, in the order in which they were met."""
        return [self._speaker(k) for k in self.known]

    def names(self) -> list[str | None]:
        """The name of each relation's speaker; None for the unnamed and for none."""
        return [None if k is None else self.known[k].name for k in self.of]

    def _speaker(self, known: _Known) -> Speaker:
        mentions = sorted({cut(self.text, a, b) for i in known.claims for a, b in self.relations[i].source})
        reasons = [r for m in mentions if m.text.lower() not in PRONOUNS for r in reasons_near(self.text, m)] if known.name is None else []
        return Speaker(known.name, tuple(dict.fromkeys(known.phrases)), tuple(mentions), tuple(dict.fromkeys(reasons)))

    def _holding(self, i: int) -> list[int]:
        """The relations whose content holds a source, the innermost first."""
        start = self.starts[i]
        return [j for _, j in sorted((b - a, j) for j, r in enumerate(self.relations) if j != i for a, b in r.content if a <= start < b)]

    def _meet(self, i: int) -> None:
        """Gives a source that is a phrase to a speaker met before, or to a new one."""
        phrase = maker(self.phrases[i]) or self.phrases[i]
        name = full_name(phrase, self.text, self.upper) if self._identifies(phrase) else None
        k = self._same(i, phrase, name)
        if k is None:
            k = len(self.known)
            self.known.append(_Known(name or self._spelled_out(i)))
        known = self.known[k]
        known.name = _longer(known.name, name)
        known.phrases += [phrase, *known_as(phrase, self.text)] if not known.phrases else [phrase]
        known.claims.append(i)
        self.of[i] = k

    def _identifies(self, phrase: str) -> bool:
        """Whether a phrase names somebody, by itself or as the end of a longer name in the story (*North* of *Oliver North*)."""
        if identifies(phrase, self.upper):
            return True
        single = not self.upper and phrase[:1].isupper() and len(phrase.split()) == 1
        return single and len((full_name(phrase, self.text, self.upper) or "").split()) > 1

    def _same(self, i: int, phrase: str, name: str | None) -> int | None:
        """The speaker met before whom a phrase means."""
        before = [k for k, known in enumerate(self.known) if any(self.starts[j] <= self.starts[i] for j in known.claims)]
        before.sort(key=lambda k: -max(self.starts[j] for j in self.known[k].claims if self.starts[j] <= self.starts[i]))
        if name:
            return next((k for k in before if _one_name(name, self.known[k], self.upper)), None)
        first, noun = (words(phrase) or [""])[0].lower(), head(phrase)
        if first not in _ARTICLES and not any(_plain(phrase) == _plain(p) for k in before for p in self.known[k].phrases):
            return None
        wanted = {w.lower() for w in core((segments(phrase) or [""])[0])} - {*_ARTICLES}
        for k in before:  # all of the words, then the noun, then whoever spoke last
            if wanted and wanted <= self.known[k].nouns and _agrees(noun, self.known[k]):
                return k
        for k in before:
            if noun and noun in self.known[k].nouns and _agrees(noun, self.known[k]) and not _plural(noun):
                return k
        if first in ("the", "this") and (noun in _ANY or _AGE.search(noun)) and not _plural(noun):
            return next((k for k in before if self.known[k].name and not _is_body(self.known[k])), None)
        return None

    def _spelled_out(self, i: int) -> str | None:
        """The name of a person of whom a phrase gives the office only, where the story has it in front of or behind that office."""
        found = [w.lower() for w in core((segments(self.phrases[i]) or [""])[0])]
        if not found or found[0] != "the" or len(found) < 2 or self.upper:
            return None
        office = r"\s+".join(map(re.escape, found[1:]))
        if found[-1] in BODIES and len(found) == 2 and found[-1] in ("ministry", "department", "commission", "committee"):
            match = re.search(rf"((?:[A-Z][\w’-]+\s+(?:and\s+|of\s+)?)+(?i:{office}))(?!\w)", self.text)
        elif found[-1] in _ANY | _OFFICES:
            match = re.search(rf"(?i:(?<!\w){office}),?\s+((?:[A-Z][\w’'-]+\s+){{1,3}}[A-Z][\w’'-]+)", self.text)
        else:
            return None
        name = match and full_name(match[1], self.text, self.upper)
        return name if name and identifies(name, self.upper) else None

    def _lead(self, i: int, seen: frozenset[int]) -> int | None:
        """The speaker a pronoun means."""
        if self.of[i] is not None or i in seen or self.starts[i] < 0:
            return self.of[i]
        word, around = self.pronoun(i), set(self._around[i])
        if word in FIRST:
            outer = next((j for j in self._around[i] if self.starts[j] >= 0), None)
            k = None if outer is None else self._lead(outer, seen | {i})
            if outer is not None:
                return self._give(i, k)
        before = [j for j, s in enumerate(self.starts) if 0 <= s < self.starts[i]]
        passed_over = False
        for j in sorted(before, key=lambda j: (not set(self._around[j]) <= around, -self.starts[j])):
            k = self._lead(j, seen | {i})
            if k is None or not self._fits(word, k, j) or (word == "which" and not self._touches(j, i)):
                continue
            agrees = self._agrees_in_gender(word, k)
            if agrees or (agrees is None and not passed_over):
                return self._give(i, k)
            passed_over = True  # by somebody whom the story calls the other: from here on only who is surely meant
        return None

    def _touches(self, j: int, i: int) -> bool:
        """Whether a source stands right behind another: *which* is what it follows, and that is seldom who spoke last."""
        between = self.text[max(b for _, b in self.relations[j].source) : self.starts[i]]
        return between.strip() in ("", ",")

    def _agrees_in_gender(self, word: str, k: int) -> bool | None:
        """Whether *he* or *she* goes with what the story calls a speaker; None where it does not say."""
        if word not in SINGULAR:
            return None
        known = self.known[k]
        ends = [b for i in known.claims if not self.pronoun(i) for _, b in self.relations[i].source[-1:]]
        said = gender(known.phrases, self.text, ends)
        return (said == PRONOUNS_OF[word]) if said else None

    def _fits(self, word: str, k: int, j: int) -> bool:
        """Whether a pronoun may mean a speaker as relation j names it."""
        noun, other, body = head(self.phrases[j]), self.pronoun(j), _is_body(self.known[k])
        if word in SINGULAR:
            return not body and not _plural(noun) and other not in (*PLURAL, *THING)
        if word in THING:
            return (body or other in THING) and other not in SINGULAR
        if word in PLURAL:
            return other in PLURAL or body or _plural(noun) or " and " in self.phrases[j].lower()
        return True

    def _give(self, i: int, k: int | None) -> int | None:
        self.of[i] = k
        if k is not None:
            self.known[k].claims.append(i)
        return k

    def _naming(self, i: int) -> str:
        if self.starts[i] < 0:
            return str(Naming.NONE)
        k = self.of[i]
        named = self._identifies(self.phrases[i]) if k is None else bool(self.known[k].name)
        return str(Naming.NAMED if named else Naming.UNNAMED)


def resolve(text: str, relations: Sequence[Relation]) -> Resolution:
    """The speakers of a story's relations."""
    return Resolution(text, relations)


def reasons_near(text: str, source: Span) -> list[Span]:
    """Why a source is not named, in the story's words: *who was not authorised to speak*; looked for in its paragraph."""
    end = text.find("\n\n", source.end)
    after = text[source.end : min(source.end + _NEAR, len(text) if end < 0 else end)]
    return [
        cut(text, source.end + m.start(), source.end + m.start() + len(m.group().rstrip(" ,")))
        for m in _REASON.finditer(after)
        if _NAMELESS.search(m.group())
    ][:1]


def _one_name(name: str, known: _Known, upper: bool) -> bool:
    """Whether a name means a speaker met before: the same words, its last ones, or its letters in brackets."""
    if known.name is None:
        return False
    a, b = [w.lower() for w in words(name)], [w.lower() for w in words(known.name)]
    short, long = sorted((a, b), key=len)
    if not short:
        return False
    letters = len(a) == 1 and name.isupper() and a[0] in known.letters
    inner = upper and a == short and a[-1] in b and set(a) <= known.nouns and not _is_body(known)
    return letters or inner or short == long[-len(short) :] or (a == short and len(a) == 1 and a[0] in b)


def _longer(old: str | None, new: str | None) -> str | None:
    return old if new is None or (old is not None and len(old.split()) >= len(new.split())) else new


def _plain(phrase: str) -> str:
    found = [w.lower() for w in words(phrase)]
    return " ".join(found[1:] if found[:1] and found[0] in ("the", *_ARTICLES) else found)


def _agrees(noun: str, known: _Known) -> bool:
    """A body is not meant by a person's noun, nor a person by a body's."""
    return (noun in BODIES) <= _is_body(known) or noun in head(known.phrases[0])


def _plural(noun: str) -> bool:
    return noun.endswith(("s", "men", "people", "police")) and not noun.endswith(("ss", "us", "is")) and noun not in ("forces",)


def _is_body(known: _Known) -> bool:
    if known.name is not None:
        found = [w.lower() for w in words(known.name)]
        return (
            bool({found[-1], *core(known.name.lower())} & (BODIES | FIRMS))
            or found[-1] in countries()
            or known.name.isupper() != known.phrases[0].isupper()
        )
    return any(head(s) in BODIES for p in known.phrases for s in segments(p)[:1])
