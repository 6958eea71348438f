"""The wire's files: which there are, read into stories, or turned away with a reason."""

from __future__ import annotations

import glob
import hashlib
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from flows.sources import IGNORED, Opened, Piece, address_of, check_address, pieces
from schemas.errors import BadInput, OnRecordError
from schemas.readers import read_wire
from schemas.readers.raw import Beside
from schemas.story import Story

Source = Path | str
"""A file, a folder, a glob, an address, or "-" for standard input."""


@dataclass(frozen=True)
class Delivery:
    """What one file held: stories, or the reason why it was turned away. digest: SHA-256 of its bytes.

    refused: its broken items, beside which others could be read. fetched: the address and the validators to remember once this is stored.
    """

    file: str
    digest: str
    stories: tuple[Story, ...]
    reason: str = ""
    refused: tuple[str, ...] = ()
    fetched: tuple[str, str] | None = None


def feed_files(inputs: Sequence[Source], limit: int | None = None) -> list[Source]:
    """The sources of the inputs in order: files and addresses as given, folders and globs by name.

    Errors: BadInput for what is not there or holds nothing.
    """
    files: list[Source] = []
    for given in inputs:
        path = Path(given)
        if address_of(given):
            check_address(str(given))
            files.append(str(given))
        elif path.is_dir():
            inside = sorted(p for p in path.rglob("*") if p.is_file() and not p.name.startswith(IGNORED))
            if not inside:
                raise BadInput(f"{path}: no wire files in this folder; give a folder or a file with stories")
            files += inside
        elif path.is_file():
            files.append(path)
        elif re.search(r"[*?\[]", str(given)):
            found = sorted(Path(name) for name in glob.glob(str(given), recursive=True))  # noqa: PTH207  Path.glob knows no absolute patterns
            if not any(p.is_file() for p in found):
                raise BadInput(f"{given}: matches no file")
            files += [p for p in found if p.is_file()]
        else:
            raise BadInput(f"{path}: no such file or folder")
    return files[:limit]


def deliveries(files: Sequence[Source], seen: Opened | None = None) -> Iterator[Delivery]:
    """Each file's delivery, in order; a file that cannot be read turns away itself only.

    seen: what is known of addresses fetched before; what has not changed since gives nothing.
    """
    for source in files:
        for piece in pieces(source, seen or Opened()):
            yield _delivery(piece)


def _delivery(piece: Piece) -> Delivery:
    if piece.fault:
        return Delivery(piece.name, "", (), piece.fault)
    digest = hashlib.sha256(piece.data).hexdigest()
    try:
        contents = read_wire(piece.data, piece.label, _within(piece.beside))
    except BadInput as error:
        return Delivery(piece.name, digest, (), str(error), fetched=piece.fetched)
    except Exception as error:  # noqa: BLE001  whatever a file does to a reader, the rest of the feed goes on
        return Delivery(
            piece.name, digest, (), f"{piece.label}: could not be read: {type(error).__name__}: {error}"[:300], fetched=piece.fetched
        )
    return Delivery(piece.name, digest, contents.stories, "", tuple(map(str, contents.refused)), piece.fetched)


def _within(beside: Beside | None) -> Beside | None:
    """`beside` for plain names only: no address, no way out of the folder."""
    if beside is None:
        return None

    def inside(name: str) -> bytes | None:
        if not name or re.match(r"[\w+.-]+:|[/\\]", name) or ".." in Path(name).parts:
            return None
        try:
            return beside(name)
        except (OSError, OnRecordError, ValueError):
            return None

    return inside
