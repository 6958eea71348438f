"""From a wire item in its own words to a checked story: dates, version, status and guid settled, what was odd noted."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import datetime
from email.utils import parsedate_to_datetime

from schemas.errors import Unreadable
from schemas.readers.raw import VERBATIM, Raw, one_line, unreadable
from schemas.readers.signoff import part_opening, part_signoff
from schemas.readers.wording import Wording, wording
from schemas.story import Status, Story, dateline

_LONGEST_DATE = 60
_STATUS = {
    "": Status.USABLE,
    "usable": Status.USABLE,
    "withheld": Status.WITHHELD,
    "canceled": Status.CANCELLED,
    "cancelled": Status.CANCELLED,
    "deleted": Status.CANCELLED,
    "killed": Status.CANCELLED,
    "recalled": Status.CANCELLED,
}


def settle(raw: Raw) -> Story | Unreadable:
    """The story of a wire item, or why it is none: a usable one needs a text, a bare notice needs a guid."""
    notices = list(raw.notices)
    opening, text = part_opening(raw.text)
    note = one_line(f"{raw.note} {opening}") if opening else one_line(raw.note)
    said = wording(one_line(raw.headline), one_line(raw.slug), one_line(raw.note), (*raw.signals, opening), one_line(raw.rights))
    embargo, held = _embargo(raw.embargo if raw.embargo is not None else said.embargo, notices)
    status = _worded(_status(raw.status or "", notices), said, notices)
    status = Status.WITHHELD if held and status is Status.USABLE else status
    if fault := _fault(raw, status):
        return fault
    text, signoff = (raw.text, "") if raw.format in VERBATIM else part_signoff(text)
    story = Story(
        guid=one_line(raw.guid),
        version=_version(raw.version, said.version, notices),
        text=text,
        headline=one_line(raw.headline),
        agency=one_line(raw.agency),
        byline=one_line(raw.byline),
        dateline=one_line(raw.dateline) or dateline(text),
        location=one_line(raw.location),
        language=one_line(raw.language),
        published=_published(raw.published, notices),
        status=status,
        embargo=embargo,
        note=note,
        urgency=int(raw.urgency) if re.fullmatch("[1-9]", raw.urgency.strip()) else None,
        subjects=tuple(dict.fromkeys(filter(None, map(one_line, raw.subjects)))),
        rights=one_line(raw.rights),
        slug=one_line(raw.slug),
        signoff=" ".join(filter(None, (signoff, one_line(raw.signoff)))),
        change=said.change,
        replaces=one_line(raw.replaces),
        partial=raw.partial,
        format=raw.format,
        source=raw.source,
    )
    if not story.guid:
        story = replace(story, guid=f"urn:onrecord:sha256:{story.digest}")
        notices.append("no guid: one was made from the text, so another version of it will look like another story")
    return replace(story, notices=tuple(notices)) if notices else story


def iso_date(value: str) -> str:
    """A date of ISO 8601 or RFC 822 as ISO 8601, with its zone where it has one and its time where it has one; "" for others."""
    text = one_line(value)
    if len(text) > _LONGEST_DATE:
        return ""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        try:
            moment = parsedate_to_datetime(text)
        except (ValueError, TypeError, IndexError, OverflowError):
            return ""
    if moment.year in (1, 9999):  # no zone can be reckoned with there
        return ""
    return moment.isoformat() if ":" in text or re.search(r"\dT\d", text) else moment.date().isoformat()


def _fault(raw: Raw, status: Status) -> Unreadable | None:
    # A kill or a recall is a notice about an earlier version, and often bare; everything else is here to be read.
    if status is Status.USABLE and not any(c.isalpha() for c in raw.text):
        reason = "has no letters in its text" if raw.text.strip() else "has no text"
        return unreadable(raw.source, reason, raw.place, "accepted: a text with letters; only a withheld or cancelled item may lack it")
    if not raw.text and not one_line(raw.guid):
        return unreadable(raw.source, f"is {status} and names no guid", raw.place, "accepted: a notice with the guid of its story")
    return None


def _status(value: str, notices: list[str]) -> Status:
    """The status that a code, qcode or address ends in; one that is not known is held back."""
    code = re.split("[:/]", one_line(value))[-1].lower()
    if code not in _STATUS:
        notices.append(f"status {code!r} is not known: held back as withheld")
    return _STATUS.get(code, Status.WITHHELD)


def _embargo(value: str | None, notices: list[str]) -> tuple[str, bool]:
    """The embargo's end and whether it has none that can be told; then the story is held back until a new version."""
    if value is None:
        return "", False
    end = iso_date(value)
    if not end:
        notices.append(f"embargo {one_line(value)!r} names no end: held back as withheld")
    return end, not end


def _published(value: str, notices: list[str]) -> str:
    moment = iso_date(value)
    if value.strip() and not moment:
        notices.append(f"date {one_line(value)!r} is neither ISO 8601 nor RFC 822")
    return moment


def _worded(status: Status, said: Wording, notices: list[str]) -> Status:
    """The status, where the words beside it are stricter than it."""
    if said.withdraws and status is not Status.CANCELLED:
        notices.append(f"its words say {said.change}: taken as cancelled")
        return Status.CANCELLED
    if said.private and status is Status.USABLE:
        notices.append("its words say that it is not for publication: held back as withheld")
        return Status.WITHHELD
    return status


def _version(value: str, said: int, notices: list[str]) -> int:
    """The version's number; where the wire has none, that of its words (UPDATE 2 is the third)."""
    text = value.strip()
    if re.fullmatch("[0-9]{1,18}", text) and int(text) > 0:
        return int(text)
    if said:
        return said
    if text:
        notices.append(f"version {one_line(text)!r} is not a positive number: taken as 1")
    return 1
