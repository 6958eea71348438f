"""Telegraph formats: IPTC 7901, ANPA 1312, and ZCZC ... NNNN; header lines first, several messages a file.

They are told by their marks: SOH and STX, ZCZC, or a first line as the standards have it. What of a header is not understood
is said in a notice, and no line of the body is taken for a header.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime

from schemas.readers.markup import frozen_body, plain_paragraphs
from schemas.readers.raw import Raw, one_line

_SOH, _STX = "\x01", "\x02"
_MARKS = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
# What no title has: a dateline, an address, a line longer than a telegraph's.
_BODY = re.compile(r"\([A-Za-z/]{2,12}\)\s*(?:[-–—]|_\s)|https?:|www\.|^.{90}", re.MULTILINE)
_LONGEST_END = 20
_ENDS = re.compile(r"\r{1,3}\n|\r")
_IPTC = re.compile(
    r"(?P<source>[A-Za-z]{2,8}?)\s?(?P<number>\d{3,5})\s+(?P<urgency>[1-9])\s+(?P<subject>[A-Za-z]{1,4})\s+(?P<count>\d{1,5})\b\s*(?P<slug>.*)"
)
_ANPA_FIRST = re.compile(r"\s*(?P<service>[A-Za-z])\s?(?P<number>\d{4})\s*(?P<rest>[^a-z]{0,12}[\w-]{0,12})\s*")
_ANPA_SECOND = re.compile(
    r"\s*(?P<priority>[a-z])\s+(?P<category>[a-z])\s*(?P<slug>\S.*?)\s+(?P<month>\d{1,2})-(?P<day>\d{1,2})\s+(?P<count>\d{2,5})\s*",
    re.IGNORECASE,
)
_ZCZC = re.compile(r"^[ \t]*ZCZC", re.MULTILINE)
_END = re.compile(r"(?:^|(?<=\s))N{4}[ \t]*\r?$", re.MULTILINE)
_CODES = re.compile(r"[%$:*<][^\n]*|[A-Z0-9 ._/=+()-]{1,40}")
_MARKED = re.compile(r"\^\s*(.*?)\s*[<=]?\s*")
_PARTS = re.compile(r"\r?\n[ \t]*(?:\r?\n)\s*|\r?\n(?:\t[ \t]*| {2,})(?=\S)")
_SENT = re.compile(r"\b(\d\d)(\d\d)(\d\d)\s+(?:GMT|UTC)\s+([A-Z][a-z]{2})[a-z]*\.?\s+(\d\d(?:\d\d)?)\b", re.IGNORECASE)
_AP_SENT = re.compile(r"^AP-[A-Z]{2}-(\d\d)-(\d\d)-(\d\d)\s+(\d\d)(\d\d)\s?GMT", re.MULTILINE)
_VERSION = re.compile(r",?\s*\b\d+(?:st|nd|rd|th)\s?Ld\b.*|,?\s*\bLd-.*|,\s*\d+\s*$|[-,]\s?KILL\b.*", re.IGNORECASE)


def is_wire_text(text: str) -> bool:
    """Whether a text is in one of the telegraph formats."""
    head = _newlines(text[:5000].lstrip("\x16\r\n\t ")[:1000])[:600]
    if re.match(rf"[\x00-\x20]*{_SOH}|ZCZC", head):  # anything else before SOH is words of a text, and would be lost
        return True
    lines = _MARKS.sub("", head).split("\n")
    if len(lines) < 3:
        return False
    if _IPTC.fullmatch(lines[0].strip()):
        return not lines[1].strip()
    return bool(_ANPA_FIRST.fullmatch(lines[0]) and _ANPA_SECOND.fullmatch(lines[1]))


def _newlines(text: str) -> str:
    return _ENDS.sub("\n", text) if "\r" in text else text


def read_wire_text(text: str, name: str) -> Iterator[Raw]:
    """The messages of a file, each an item."""
    messages = list(_messages(_newlines(text)))
    for number, message in enumerate(messages, 1):
        place = f"message {number}" if len(messages) > 1 else ""
        yield _read_message(message, name, place)


def _messages(text: str) -> Iterator[str]:
    """The messages, parted before each SOH or, without any, before each ZCZC; what has no letters is no message."""
    starts = [m.start() for m in re.finditer(_SOH + "+", text)] or [m.start() for m in _ZCZC.finditer(text)] or [0]
    for start, end in zip(starts, [*starts[1:], len(text)], strict=True):
        if any(c.isalpha() for c in text[start:end]):
            yield text[start:end]


def _read_message(message: str, name: str, place: str) -> Raw:
    header, marked, body = message.partition(_STX)
    body, ended, after = body.rpartition("\x03")
    if not ended or len(after.split()) > _LONGEST_END:  # the text goes on behind it
        body, after = f"{body}\n\n{after}" if ended else after, ""
    if not marked:
        header, body = "", message
    clean = _MARKS.sub("", body if marked else message)
    above = _MARKS.sub("", header).strip().split("\n") if marked else []
    while above and not re.sub(r"ZCZC|\W", "", above[0]):
        del above[0]
    lines = above + clean.split("\n")
    while lines and not re.sub(r"ZCZC|\W", "", lines[0]):
        del lines[0]
    first = re.sub(r"^\s*ZCZC\s*", "", lines[0]).strip() if lines else ""
    if len(lines) > 1 and _ANPA_FIRST.fullmatch(first) and _ANPA_SECOND.fullmatch(lines[1]):
        return _anpa(first, lines[1], lines[2:], name, place)
    if found := _IPTC.fullmatch(first):
        begun = max(1, len(above))
        return _iptc(found, [*lines[1:begun], "", *lines[begun:]], _MARKS.sub("", after), name, place)
    return _zczc(lines, len(above), name, place)


def _anpa(first: str, second: str, lines: list[str], name: str, place: str) -> Raw:
    head, about = _ANPA_FIRST.fullmatch(first), _ANPA_SECOND.fullmatch(second)
    assert head
    assert about
    marked = []
    while lines and (lines[0].startswith("^") or not lines[0].strip()):
        marked += [found[1] for line in [lines.pop(0)] if (found := _MARKED.fullmatch(line)) and found[1]]
    slug = marked.pop(0) if marked else about["slug"]
    note = [m for m in marked if re.match(r"\(?Eds?[:.]|\(?Editors", m)]
    by = _bylines(marked)
    others = [m for m in marked if m not in note and m not in by and not re.match("AP (Photo|Graphic|Video|Interactive)", m)]
    body, sent = "\n".join(lines), _AP_SENT.search("\n".join(line.strip() for line in lines))
    subject = one_line(_VERSION.sub("", slug))
    moment = "20{2}-{0}-{1}T{3}:{4}:00+00:00".format(*sent.groups()) if sent else ""
    return Raw(
        frozen_body(_paragraphs(body)),
        "anpa",
        name,
        place,
        guid=f"urn:onrecord:anpa:{head['service'].lower()}:{subject}:{int(about['month']):02}-{int(about['day']):02}",
        headline=others[0] if others else "",
        agency="AP" if re.search(r"\(AP\)", body[:600]) else "",
        byline=", ".join(by),
        published=moment,
        note=" ".join(note),
        subjects=(about["category"],),
        slug=slug,
        status="withheld" if about["category"].lower() == "v" else None,  # advisories, digests, indices
        signals=tuple(line for line in others[1:] if line.isupper()),
        notices=tuple(f"header line: {line}" for line in [f"{head['service']}{head['number']} priority {about['priority']}", *others[1:]]),
    )


def _bylines(marked: list[str]) -> list[str]:
    at = next((n for n, line in enumerate(marked) if re.match("By ", line, re.IGNORECASE)), None)
    if at is None:
        return []
    more = at + 1 < len(marked) and re.search(r"Writer|Correspondent|Editor|Press|Staff", marked[at + 1])
    return marked[at : at + (2 if more else 1)]


def _iptc(head: re.Match[str], lines: list[str], after: str, name: str, place: str) -> Raw:
    whole = _END.sub("", "\n".join(lines))
    sent = _moment(after) or _moment(whole[-200:])
    block, by, body = _titled(whole)
    slug = block.pop(0) if len(block) > 1 and ("/" in block[0] or block[0].isupper()) else ""
    words = [block.pop(0) for _ in range(len(block) - 1) if block and re.fullmatch(r"[A-Z0-9 ().-]+|\([^()]*\)", block[0])]
    agency = re.match(r"([A-Za-z]{2,8})\b", head["slug"])
    number = f"{head['source']}{head['number']}"
    return Raw(
        frozen_body(_paragraphs(body)),
        "iptc7901",
        name,
        place,
        guid=f"urn:onrecord:iptc7901:{number.lower()}:{sent[:10]}" if sent else "",
        headline=" ".join(block),
        agency=agency[1] if agency and not agency[1].isdigit() else head["source"],
        byline=by,
        published=sent,
        urgency=head["urgency"],
        subjects=(head["subject"],),
        slug=slug or one_line(head["slug"]),
        signals=tuple(words),
        notices=(f"header line: {one_line(head[0])}",),
    )


def _titled(text: str) -> tuple[list[str], str, str]:
    """The lines of a title, which ends in an equals sign, the byline that may follow it, and the body."""
    lines = text.split("\n")
    at = next((n for n, line in enumerate(lines[:14]) if line.rstrip().endswith("=")), None)
    if at is None or _BODY.search("\n".join(lines[: at + 1])):
        return [], "", text
    title = [line.strip(" =\t\r") for line in lines[: at + 1] if line.strip()]
    rest = lines[at + 1 :]
    by = ""
    for n, line in enumerate(rest[:4]):
        if line.rstrip().endswith("=") and len(line) < 100 and not "".join(rest[:n]).strip() and not _BODY.search(line):
            by, rest = line.strip(" =\t\r"), rest[n + 1 :]
            break
    return title, by, "\n".join(rest)


def _zczc(lines: list[str], header: int, name: str, place: str) -> Raw:
    at = header
    if not header:
        at = 1 if lines and re.match(r"\s*ZCZC", lines[0]) else 0
        while at < len(lines) and lines[at].strip() and _CODES.fullmatch(lines[at].strip()) and not lines[at].rstrip().endswith("."):
            at += 1
        if at == len(lines) or not any(c.isalpha() for c in "".join(lines[at:]).replace("NNNN", "")):
            at = min(1, len(lines))  # a text in capitals throughout: only the first line is a header
    body = _END.sub("", "\n".join(lines[at:]))
    return Raw(
        frozen_body(_paragraphs(body)),
        "zczc",
        name,
        place,
        published=_moment(body[-200:]),
        notices=tuple(f"header line: {one_line(line)}" for line in lines[:at] if one_line(line)),
    )


def _paragraphs(body: str) -> list[str]:
    return [paragraph for part in _PARTS.split("\n" + body) for paragraph in plain_paragraphs(part)]


def _moment(text: str) -> str:
    """The day, hour and minute that a message was sent, as ISO 8601; "" where it has none."""
    found = _SENT.search(text)
    if not found:
        return ""
    day, hour, minute, month, year = found.groups()
    try:
        moment = datetime.strptime(f"{day} {month} {year[-2:]} {hour}{minute}", "%d %b %y %H%M")
    except ValueError:
        return ""
    return moment.replace(tzinfo=UTC).isoformat()
