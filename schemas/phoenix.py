"""Actors from the Phoenix / CAMEO dictionaries (Open Event Data Alliance, MIT), for a desk's file.

    VYACHASLAU_KUZNYATSOU_  ; a comment
    +ANOTHER_NAME_
        [BLRELI 650101-940126]
        [BLRGOV 940126-940128]

A code is a country's three letters and a role's; its dates are yymmdd or yyyymmdd, a range, `<` before or `>` after.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import date
from typing import NamedTuple

from schemas.actors import Actor, Period
from schemas.labels import Role

_CODES = {
    Role.GOVERNMENT: "GOV MIL COP JUD SPY LEG",
    Role.OPPOSITION: "OPP",
    Role.ARMED_GROUP: "REB INS SEP UAF RAD CRM",
    Role.CIVIL_SOCIETY: "NGO HRI LAB NGM",
    Role.INTERNATIONAL: "IGO",
    Role.BUSINESS: "BUS MNC",
    Role.MEDIA: "MED",
    Role.EXPERT: "EDU",
}
ROLES: dict[str, Role] = {code: role for role, codes in _CODES.items() for code in codes.split()}
"""Roles of the codes that say one; former elites (ELI), parties (PTY), civilians and ethnic groups say none."""
ABROAD = "International"
"""Where those stand whose code names no country."""
_CODE = re.compile(r"\[([A-Z]{3})([A-Z]*)\s*([<>]?)\s*(\d{6,8})?\s*(?:-\s*(\d{6,8}))?\s*[<>]?\s*\]")
_CENTURY = 20
"""Two-digit years up to this are of the 21st century: the dictionaries were made in 2014."""


class _Block(NamedTuple):
    names: list[str]
    codes: list[tuple[str, str, date | None, date | None]]


def read_phoenix(text: str) -> dict[str, list[Actor]]:
    """Actors with a role by country; countries without a name in the text (of one file or several) go by their code."""
    blocks = list(_blocks(text.splitlines()))
    named = dict.fromkeys(ROLES, ABROAD)
    for block in blocks:
        for country, rest, _, _ in block.codes:
            if not rest:
                named.setdefault(country, block.names[0])
    actors: dict[str, list[Actor]] = defaultdict(list)
    for block in blocks:
        for country, periods in _roles(block):
            actor = Actor(name=block.names[0], aliases=tuple(dict.fromkeys(block.names[1:])), roles=periods)
            actors[named.get(country, country)].append(actor)
    return dict(sorted(actors.items()))


def _roles(block: _Block) -> Iterator[tuple[str, tuple[Period, ...]]]:
    """The countries of a block's codes, with the roles in each."""
    told: dict[str, list[tuple[Role, date | None, date | None]]] = defaultdict(list)
    for country, rest, start, end in block.codes:
        role = _role(country + rest if country in ROLES else rest)
        if role is not None:
            told[country].append((role, start, end))
    yield from ((country, periods) for country, its in told.items() if (periods := _periods(its)))


def _role(rest: str) -> Role | None:
    """Of the letters behind a country's: the first role they say."""
    return next((ROLES[code] for code in re.findall("...", rest) if code in ROLES), None)


def _blocks(lines: Iterable[str]) -> Iterator[_Block]:
    block = _Block([], [])
    for line in lines:
        bare = re.split(r"[#;]", line, maxsplit=1)[0].rstrip()
        if not bare.strip():
            continue
        if not line[0].isspace() and not line.startswith("+"):
            if block.names:
                yield block
            block = _Block([], [])
        name = _name(bare.split("[")[0])
        if name:
            block.names.append(name)
        block.codes.extend(filter(None, map(_code, _CODE.finditer(bare))))
    if block.names:
        yield block


def _name(raw: str) -> str:
    """`VYACHASLAU_KUZNYATSOU_` as people write it; what has no vowel stays in capitals."""
    return " ".join(w.capitalize() if re.search("[AEIOUY]", w) else w for w in re.findall(r"[^_+\s]+", raw))


def _code(match: re.Match[str]) -> tuple[str, str, date | None, date | None] | None:
    country, rest, bound, first, last = match.groups()
    start, end = _day(first), _day(last)
    if (first and start is None) or (last and end is None):
        return None
    if bound == "<":
        start, end = None, start
    return country, rest, start, end


def _day(digits: str | None) -> date | None:
    """yymmdd or yyyymmdd; None for none, and for a day that never was."""
    if not digits:
        return None
    if len(digits) == 6:
        digits = ("20" if int(digits[:2]) <= _CENTURY else "19") + digits
    try:
        return date(int(digits[:4]), int(digits[4:6]), int(digits[6:8]))
    except ValueError:
        return None


def _periods(told: list[tuple[Role, date | None, date | None]]) -> tuple[Period, ...]:
    """In order, one role a day: what begins ends what went before; the same role again is one."""
    kept: list[tuple[Role, date | None, date | None]] = []
    for role, start, end in sorted(told, key=lambda t: (t[1] or date.min, t[2] or date.max)):
        if start and end and start >= end:
            continue
        if kept and kept[-1][0] == role and (kept[-1][2] is None or start is None or start <= kept[-1][2]):
            last = kept.pop()
            end = None if end is None or last[2] is None else max(end, last[2])
            start = last[1]
        elif kept and (kept[-1][2] is None or start is None or start < kept[-1][2]):
            last = kept.pop()
            if start is not None and (last[1] is None or last[1] < start):
                kept.append((last[0], last[1], start))
        kept.append((role, start, end))
    return tuple(Period(role=role, **{"from": start, "to": end}) for role, start, end in kept)
