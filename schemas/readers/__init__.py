"""Wire files in, stories out: the format is told from the content, never from the name."""

from __future__ import annotations

from dataclasses import dataclass, replace

from schemas.errors import NoStory, Unreadable
from schemas.readers.detect import read_items
from schemas.readers.raw import Beside, Raw, unreadable
from schemas.readers.settle import settle
from schemas.story import Story

__all__ = ["MAX_BYTES", "Contents", "read_stories", "read_wire"]

MAX_BYTES = 20_000_000
_SHOWN = 3


@dataclass(frozen=True)
class Contents:
    """What a wire file held. refused: its broken items, where it held stories beside them."""

    stories: tuple[Story, ...]
    refused: tuple[Unreadable, ...] = ()


def read_wire(data: bytes, name: str, beside: Beside | None = None) -> Contents:
    """The stories of one wire file, in its order. Errors: Unreadable where it is broken or holds none.

    Items of a file that are no stories (a picture beside two texts) are left out; the first story's notices say which and why.
    beside: gives the bytes of a file that came in the same delivery, for items whose text is in another.
    """
    # A file name that is not UTF-8 carries lone surrogates, which neither a terminal nor a database takes.
    name = name.encode("utf-8", "backslashreplace").decode()
    if len(data) > MAX_BYTES:
        raise unreadable(name, f"has {len(data):,} bytes", accepted=f"accepted: up to {MAX_BYTES:,} bytes a file; split it")
    stories: list[Story] = []
    refused: list[Unreadable] = []
    for item in read_items(data, name, beside):
        result = settle(item) if isinstance(item, Raw) else item
        if isinstance(result, Story):
            stories.append(result)
        else:
            refused.append(result)
    if not stories:
        raise _nothing(refused, name)
    if refused:
        stories[0] = replace(stories[0], notices=(*stories[0].notices, *_left_out(refused)))
    return Contents(tuple(stories), tuple(e for e in refused if not isinstance(e, NoStory)))


def read_stories(data: bytes, name: str) -> list[Story]:
    """The stories of `read_wire` alone."""
    return list(read_wire(data, name).stories)


def _nothing(refused: list[Unreadable], name: str) -> Unreadable:
    """Why a file gave no story: the first item's reason, the others counted."""
    if not refused:
        return unreadable(name, "is an empty list of items")
    return refused[0] if len(refused) == 1 else Unreadable(f"{refused[0]} (items refused after it: {len(refused) - 1})")


def _left_out(refused: list[Unreadable]) -> list[str]:
    """What is said of the items that were left out: the first few in full, the rest counted."""
    said = [f"left out beside it: {error}" for error in refused[:_SHOWN]]
    return said if len(refused) <= _SHOWN else [*said, f"left out beside it: {len(refused) - _SHOWN} more items"]
