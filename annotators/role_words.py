"""Words that tell a source's role, and whether it is foreign: evidence beside the encoder's, from what the story calls the speaker."""

# ruff: noqa: E501
from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np

from annotators.names import words
from annotators.places import home, places
from annotators.speakers import Resolution
from schemas.labels import Role

ROLES = [str(role) for role in Role]
_WORDS: dict[Role, str] = {
    Role.GOVERNMENT: "president premier prime minister ministers ministry ministries government governor mayor army military navy police armed"
    " forces colonel general captain lieutenant major brigade battalion garrison command attorney prosecutor prosecutors judge court"
    " tribunal parliament cabinet ruling authorities authority official officials state treasury communique secretary officer commissioner"
    " administration palace king sultan emir junta intelligence customs coroner security deputy congress senate senator"
    " lawmaker lawmakers provincial council vice regime kremlin troops soldiers patrol national bureau agency directorate department",
    Role.OPPOSITION: "opposition dissident dissidents exile exiles exiled jailed labour coalition pro-democracy banned dissenting anti-government",
    Role.ARMED_GROUP: "guerrilla guerrillas rebel rebels contras contra insurgents insurgent subversives terrorists terrorist mrta eln farc"
    " urng militia militias paramilitaries paramilitary cartel cartels extraditables separatists militants commandos gunmen fighters"
    " commander resistance liberation front mujahideen clandestine hijackers kidnappers extremists shining path",
    Role.CIVIL_SOCIETY: "rights union unions federation workers church bishop archbishop bishops priest priests catholic clergy pastor"
    " amnesty committee mothers charity aid relief teachers association campaigners activists activist ngo nongovernmental humanitarian"
    " human bar peasants cross jesuit jesuits students syndicate guild watch",
    Role.INTERNATIONAL: "ambassador embassy diplomat diplomats u.n. un united nations envoy nato imf monetary fund european union eu oas foreign"
    " washington states u.s. us western white house commission community allied american world",
    Role.BUSINESS: "dealer dealers trader traders broker brokers bank bankers banker company companies firm firms businessmen businessman"
    " businesswoman corp inc ltd industry industrialists manager executive exchange chamber commerce stock market exporters growers producers"
    " owners chairman securities plc airline manufacturers importers farmers employers",
    Role.EXPERT: "analyst analysts economist economists professor academic academics expert experts pollster doctor doctors scientist university"
    " historian researcher researchers lawyer lawyers surgeon institute scholar study observers",
    Role.MEDIA: "newspaper newspapers press news radio television weekly daily magazine journalist journalists reporter reporters correspondent"
    " columnist editorial network broadcast agency newscast wire media paper cnn",
    Role.CITIZEN: "witness witnesses resident residents villager villagers relative relatives victim victims survivor survivors father mother"
    " widow wife neighbor neighbors neighbours prisoner prisoners inmates passenger driver shopkeeper people persons student workers"
    " demonstrators voters refugees peasant peasants taxi soldier former accused suspect hostage everyone uprising protesters inhabitants",
    Role.UNKNOWN: "source sources reports rumours rumors some one many",
}
_OF = [frozenset(_WORDS.get(role, "").split()) for role in Role]
_STATE = ROLES.index(Role.GOVERNMENT)
FEATURES = 2 * len(ROLES) + 8
"""Numbers a claim's source is told by."""


def columns(roles: np.ndarray) -> np.ndarray:
    """Where in FEATURES stands what a judge heeds that knows only some of the ROLES, given by number."""
    return np.concatenate([roles, len(ROLES) + roles, np.arange(2 * len(ROLES), FEATURES)])


def evidence(text: str, resolution: Resolution) -> np.ndarray:
    """(claims, FEATURES): for each role whether the source's head and other words speak for it, and how it stands to the country."""
    where = home(text)
    rows = np.zeros((len(resolution.of), FEATURES), dtype=np.float32)
    told = [_told(known.phrases, where) for known in resolution.known]
    for i, k in enumerate(resolution.of):
        if k is not None:
            rows[i] = told[k]
            rows[i, -1] = resolution.known[k].name is not None
        else:
            rows[i, -2 if resolution.starts[i] < 0 else -3] = 1
    return rows


def named_roles(found: Sequence[str]) -> set[str]:
    """The roles that words speak for."""
    lower = {w.lower().strip(".") for w in found}
    return {role for role, known in zip(ROLES, _OF, strict=True) if known & lower}


def _told(phrases: Sequence[str], where: str) -> np.ndarray:
    row = np.zeros(FEATURES, dtype=np.float32)
    lower = [w.lower().strip(".") for phrase in phrases for w in words(phrase)]
    heads = {_head(p) for p in phrases}
    for r, known in enumerate(_OF):
        row[r] = bool(heads & known)
        row[len(ROLES) + r] = bool(known & set(lower))
    found = [(end == len(phrase.rstrip()), country) for phrase in phrases for _, end, country in places(phrase)]
    named = {country for _, country in found}
    foreign, domestic = bool(named - {where}), where in named
    official, bare = row[_STATE] + row[len(ROLES) + _STATE] > 0, any(last for last, _ in found)
    row[2 * len(ROLES) :][:4] = foreign, domestic, foreign and not domestic and official, foreign and bare
    return row


def _head(phrase: str) -> str:
    first = re.split(r"[,(\[]", phrase)[0]
    found: list[str] = []
    for word in words(first):
        if found and word.lower() in ("of", "for", "in", "at", "from", "who", "by", "with"):
            break
        found.append(word.lower().strip("."))
    return found[-1] if found else ""
