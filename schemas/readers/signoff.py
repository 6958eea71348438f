"""Lines that are no text: first what an agency tells editors; last who reported and edited, a signature, MORE, page numbers, copyright."""

from __future__ import annotations

import re

_JOB = (
    r"(?:(?:additional|further|original|extra)\s+)?(?:reporting|writing|editing|compiled|compilation|translat(?:ed|ion|ing)|rewriting"
    r"|production|graphics?|report|edited|written|reported)"
)
# Reporting by Ann Ode in Lastra and Bo Rees; Editing by Cy Dee
_CREDIT = re.compile(rf"(?i:{_JOB}(?:(?:,| and|/)\s*{_JOB})*)\s+by\s(?P<names>.{{2,700}})")
_BETWEEN = frozenset(
    "a additional al and at bin by contributed da de del der di du editing el for from further graphics graphic in la of on our production "  # noqa: SIM905
    "report reporting rewriting staff the to translating van von with writing".split()
)
_AGENCY = (
    "AFP|AP|Reuters|REUTERS|dpa|ANSA|EFE|PTI|IANS|ANI|Xinhua|TASS|Interfax|BusinessDesk|Bloomberg|UPI|KUNA|MENA|SPA|WAM|APA|STT|NTB|TT"
)
_CLOSING = tuple(
    re.compile(pattern)
    for pattern in (
        rf"\(\s*(?i:{_JOB})\b[^()]{{0,30}}\bby\b.{{1,700}}\)\.?",  # (Reporting by A in B; Editing by C)
        rf"\((?:{_AGENCY})\)\.?",
        r"\(\([^()]{0,300}(?:@|\+\d|\b[Tt]el\b|Messaging)[^()]{0,300}\)\)",  # ((ann.ode@agency; +1 555 0100))
        r"Keywords: [A-Z0-9 /&,.()-]{1,100}",
        r"(?:dpa|DPA|AFP|apa|sda|ats)(?:[ /-][a-z]{2,4}){1,8}",
        r"[a-z]{2,4}(?:-[a-z]{2,4})*(?:/[a-z]{2,4}(?:-[a-z]{2,4})*)+",  # AFP: abc-de/fg/hij
        r"AP-[A-Z]{2}-\d\d-\d\d-\d\d\s+\d{4}\s?(?:GMT|EST|EDT)?<?",
        r"\d{6}\s+(?:GMT|UTC)\s+[A-Za-z]{3}\.?\s+\d{2,4}",
        r"(?i:enditem|endit|ends?|\(ends?\)|/ends|-+\s?ends\s?-+|-?30-?|#{2,4}|-0-|n{4}|item ends)",
        r"(?:©|\([cC]\)|Copyright)(?:\s+(?:\([cC]\)|©|[^\Wa-zß-ÿ]\S*|and|of|by))*?\s+\d{4}\b(?!\s+(?!by|and|the)[a-z]).{0,300}",
    )
)
# (Refiles to fix a name), Eds: Adds a quote., NOT FOR PUBLICATION
_OPENING = re.compile(
    r"\((?:Refiles|Corrects|Adds|Updates|Recasts|Repeats|Removes|Clarifies|Rewrites|Writes through|Fixes|Inserts|Deletes|Amends|Restores"
    r"|Replaces)\b[^()]{0,500}\)\.?"
    r"|\(?(?:EDS|Eds?|EDITORS|Editors)[:.]\s.{1,500}|(?:ATTENTION|ATTN) EDITORS\b.{0,500}"
    r"|ATTENTION - .{1,300}///|\(?(?:STRICTLY )?EMBARGO(?:ED\s?(?:[:-]|(?:UNTIL|TILL|TO|FOR|NOT)\b)|\s?[:-]|\sUNTIL\b).{0,200}"
    r"|\W{0,5}(?:NOT FOR PUBLICATION|NUR ZUR INFORMATION|STORY WITHDRAWN|MANDATORY KILL|REFILE|KILL)\b\W{0,5}"
)
_LONGEST = 550
# dpa's notes to editors, which end its texts.
_NOTEPAD = re.compile(r"#{0,3}\s?Notizblock:?")
_MARK = re.compile(
    r"[-–(\s]*(?i:more|more follows|suite|mehr|mf)[-–)\s]*|(?i:page|pg|p\.)\s*\d{1,3}(?:\s*(?:of|/)\s*\d{1,3})?|[-–]\s?\d{1,3}\s?[-–]"
)
_MORE = re.compile(r"[(-]|MORE|Page|PAGE|pg|p\.|[-–]")


def part_opening(text: str) -> tuple[str, str]:
    """What stands before the text for editors, as one line, and the frozen text without it, which keeps a paragraph at least."""
    opening = []
    while (end := text.find("\n\n", 0, _LONGEST)) > 0 and _OPENING.fullmatch(text, 0, end):
        opening.append(text[:end])
        text = text[end + 2 :]
    return " ".join(opening), text


def part_signoff(text: str) -> tuple[str, str]:
    """A frozen text without its closing lines, and those, a space between; page marks go wherever they stand.

    A text of nothing else stays as it is.
    """
    paragraphs = text.split("\n\n")
    closing: list[str] = []
    block = next((n for n, paragraph in enumerate(paragraphs) if n and _NOTEPAD.fullmatch(paragraph)), len(paragraphs))
    paragraphs, closing = paragraphs[:block], paragraphs[block:]
    while paragraphs and (_closes(paragraphs[-1]) or _is_mark(paragraphs[-1])):
        closing.insert(0, paragraphs.pop())
    marks = [p for p in paragraphs if _is_mark(p)]
    kept = [p for p in paragraphs if not _is_mark(p)] if marks else paragraphs
    return ("\n\n".join(kept), " ".join((*marks, *closing))) if kept else (text, "")


def _closes(paragraph: str) -> bool:
    return len(paragraph) < 800 and (any(pattern.fullmatch(paragraph) for pattern in _CLOSING) or _credits(paragraph))


def _credits(paragraph: str) -> bool:
    """Whether a paragraph says who reported and edited, and nothing of them: names, and what stands between names."""
    found = _CREDIT.fullmatch(paragraph)
    words = re.findall(r"[^\s,;.()&-]+", found["names"]) if found else []
    return bool(words) and words[0][0].isupper() and all(w[0].isupper() or w in _BETWEEN for w in words)


def _is_mark(paragraph: str) -> bool:
    return len(paragraph) < 30 and bool(_MORE.match(paragraph)) and bool(_MARK.fullmatch(paragraph))
