"""Plain text: the story's text is the file's content, unchanged."""

from __future__ import annotations

from pathlib import PurePath

from schemas.errors import Unreadable
from schemas.readers.raw import UNICODE, Raw, unreadable, verbatim_fault


def read_plain(text: str, name: str) -> Raw | Unreadable:
    """The one item of a plain text; its guid is the file's name without folder and suffix."""
    fault = verbatim_fault(text)
    return unreadable(name, fault, accepted=UNICODE) if fault else Raw(text, "text", name, guid=PurePath(name).stem)
