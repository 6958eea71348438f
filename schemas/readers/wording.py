"""What agencies say in words: that a version updates, corrects or withdraws another, or must wait; in headlines, slugs and notes."""

from __future__ import annotations

import re
from dataclasses import dataclass

# The agencies' words for a version, most binding first; "nth" counts versions after the first.
_WORDS = (
    (
        "kill",
        r"^(?:BULLETIN |MANDATORY )*KILL\b(?:\s*[-:,–—]|$)|\bMANDATORY KILL\b|\bKILL MANDATORY\b|-KILL\b|[-,]\s?KILL\s*(?:,|$)"
        r"|\bSTORY KILLED\b|^(?:PLEASE )?KILL (?:STORY|THE STORY|OUR)\b",
    ),
    (
        "withdrawal",  # in the languages of the big agencies
        r"\bSTORY (?:IS )?(?:WITHDRAWN|REMOVED)\b|\bWITHDRAWN\s*[-:]|(?:^|[-:,]\s?)\(?WITHDRAWN\)?$|^WITHDRAWAL\b"
        r"|\bZURÜCKGEZOGEN\b|\bANNULATION\b|^(?:///)?\s?ANNUL[ÉE]|^\W*(?:ANULACI[ÓO]N|ANULAD[AO]|ANNULLARE|ANNULLATA|АННУЛИРОВАНО|ОТМЕНА)\b(?:\s*[-:,–—/(+]|$)",
    ),
    (
        "correction",
        r"^(?:UPDATE \d+-)?CORRECT(?:ED|ION|S)\b(?:\s*[-:(,]|$)|\((?:OFFICIAL )?CORRECT(?:ED|ION)\)|^CLARIFICATION\s*[-:]|\bKORREKTUR\b"
        r"|\bBERICHTIGUNG\b|^RECTIFICATIF|\bCorrective\b|^\(?(?:Eds?[:.] )?(?:CORRECTS?|Corrects)\b",
    ),
    ("refile", r"^REFILE\b(?:\s*[-:]|$)|\(REFILE\)|^\(?(?:Eds?[:.] )?(?:REFILES|Refiles)\b"),
    ("update", r"^(?:REFILE-|CORRECTED-|RPT-)?(?:UPDATE|WRAPUP|UPD)\s?(?P<nth>\d+)\s*[-:]|\((?:UPDATE|WRAPUP) (?P<nth2>\d+)\)"),
    ("writethru", r"\b(?P<nth>\d+)(?:st|nd|rd|th)\s?(?:Ld|LEAD)\b|\bLd-Writethru\b"),
    ("lead", r"\bNEW LEAD\b|^LEAD\s*[-:]"),
    ("repeat", r"^(?:RPT|REPEAT)\s?(?:\d+)?(?:\s*[-:]|$)|\(RPT\)|\(REPEAT\)|^\(?(?:REPEATS|Repeats)\b"),
)
_COMPILED = tuple((name, re.compile(pattern)) for name, pattern in _WORDS)
_SIGNALS = {"update": "update", "correction": "correction", "rectification": "correction", "writethru": "writethru"}
_EMBARGO = re.compile(
    r"\b(?:STRICTLY )?EMBARGO(?:ED)?\b|\bHOLD (?:FOR|UNTIL) (?:RELEASE|PUBLICATION)|\bNOT FOR (?:PUBLIC )?RELEASE (?:UNTIL|BEFORE)\b",
    re.IGNORECASE,
)
_LIFTED = re.compile(
    r"\bEMBARGO\b[^.]{0,40}\b(?:LIFTED|EXPIRED|ENDED|REMOVED)\b|\b(?:LIFTS?|END OF|NO|NO LONGER UNDER|NOT|U\.?S\.?|ARMS|OIL|TRADE)\s+"
    r"(?:THE )?EMBARGO",
    re.IGNORECASE,
)
_MARKED = re.compile(r"\bEMBARGOED\b|^EMBARGO\s*[-:]|\bHOLD FOR RELEASE\b")
# Not for publication at all: not in a country, before a time or without somebody's leave.
_BOUNDED = r"(?![\w ,/]{0,30}\b(?:BEFORE|UNTIL|PRIOR|IN(?! ANY)|OUTSIDE|BY|ON|WITHIN|WITHOUT|EXCEPT)\b)"
_PRIVATE = re.compile(
    rf"\bNOT FOR (?:PUBLICATION|USE){_BOUNDED}\b|\bNUR ZUR INFORMATION\b|\bNICHT ZUR VERÖFFENTLICHUNG\b|\bPAS POUR PUBLICATION\b"
    r"|\bNE PAS PUBLIER\b|\bNO PUBLICAR\b|\bNON PER (?:LA )?PUBBLICAZIONE\b",
    re.IGNORECASE,
)
# In a headline only as a mark of its own: a report that was not for publication may be news.
_PRIVATE_MARK = re.compile(rf"(?:^|[-–:(]\s*)(?:{_PRIVATE.pattern})(?=\s*(?:[-–:)]|$))", re.IGNORECASE)
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_ISO = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d)?(?:Z|[+-]\d\d:?\d\d)")
_TIME = re.compile(r"\b(?P<h>[0-2]?\d)[:.]?(?P<m>[0-5]\d)\s?(?:hrs\s)?(?:GMT|UTC|Z)\b", re.IGNORECASE)
_DAY = re.compile(
    r"\b(?P<d>[0-3]?\d)(?:st|nd|rd|th)?\.? (?P<mon>[A-Z][a-z]{2})[a-z]*\.?,? (?P<y>\d{4})\b"
    r"|\b(?P<mon2>[A-Z][a-z]{2})[a-z]*\.? (?P<d2>[0-3]?\d)(?:st|nd|rd|th)?,? (?P<y2>\d{4})\b"
)


@dataclass(frozen=True)
class Wording:
    """What the words say. change: the kind of version, or ""; version: its number, or 0; embargo: ISO 8601, "" without an end."""

    change: str = ""
    version: int = 0
    embargo: str | None = None
    private: bool = False

    @property
    def withdraws(self) -> bool:
        """Whether the story must go."""
        return self.change in ("kill", "withdrawal")


def wording(headline: str, slug: str, note: str, signals: tuple[str, ...], terms: str = "") -> Wording:
    """What headline, slug, note and signals say of an item's version and of when it may be used; terms: of use, only of whether it may."""
    change, version = "", 0
    for said in filter(None, (headline, slug, note, *signals)):
        kind, number = _change(said)
        change, version = change or kind, version or number
    change = change or next((_SIGNALS[s.lower()] for s in signals if s.lower() in _SIGNALS), "")
    told = " ".join(filter(None, (note, *signals, headline)))
    # A headline may tell of a country's embargo: there only an agency's own mark counts.
    waits = _EMBARGO.search(" ".join((note, *signals))) or _MARKED.search(headline)
    private = _PRIVATE.search(" ".join((note, *signals, terms))) or _PRIVATE_MARK.search(headline)
    return Wording(change, version, _until(told) if waits and not _LIFTED.search(told) else None, bool(private))


def _change(said: str) -> tuple[str, int]:
    for name, pattern in _COMPILED:
        if found := pattern.search(said):
            numbers = found.groupdict()
            nth = numbers.get("nth") or numbers.get("nth2") or ""
            return name, int(nth) + 1 if nth and len(nth) < 4 else 0
    return "", 0


def _until(said: str) -> str:
    """When an embargo that words speak of ends: a whole date with a time in GMT; "" for anything less."""
    if iso := _ISO.search(said):
        return iso[0]
    time, day = _TIME.search(said), _DAY.search(said)
    if not time or not day:
        return ""
    name = (day["mon"] or day["mon2"]).lower()
    month = _MONTHS.index(name) + 1 if name in _MONTHS else 0
    date = f"{day['y'] or day['y2']}-{month:02}-{int(day['d'] or day['d2']):02}"
    return f"{date}T{int(time['h']):02}:{time['m']}:00+00:00" if month else ""
