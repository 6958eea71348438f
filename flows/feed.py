"""The wire's files: which there are, read into stories, or turned away with a reason."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from schemas.errors import BadInput
from schemas.readers import read_stories
from schemas.story import Story

_IGNORED = ("README", "LICENSE", ".")


@dataclass(frozen=True)
class Delivery:
    """What one file held: stories, or the reason why it was turned away. digest: SHA-256 of its bytes."""

    file: str
    digest: str
    stories: tuple[Story, ...]
    reason: str = ""


def feed_files(inputs: Sequence[Path], limit: int | None = None) -> list[Path]:
    """The files of the inputs in order: files as given, folders by name. Errors: BadInput for what is not there or holds nothing."""
    files: list[Path] = []
    for path in inputs:
        if path.is_dir():
            inside = sorted(p for p in path.rglob("*") if p.is_file() and not p.name.startswith(_IGNORED))
            if not inside:
                raise BadInput(f"{path}: no wire files in this folder; give a folder or a file with stories")
            files += inside
        elif path.is_file():
            files.append(path)
        else:
            raise BadInput(f"{path}: no such file or folder")
    return files[:limit]


def deliveries(files: Sequence[Path]) -> Iterator[Delivery]:
    """Each file's delivery, in order; a file that cannot be read turns away itself only."""
    for path in files:
        try:
            data = path.read_bytes()
        except OSError as error:
            yield Delivery(str(path), "", (), f"{path.name}: {error.strerror or error}")
            continue
        digest = hashlib.sha256(data).hexdigest()
        try:
            yield Delivery(str(path), digest, tuple(read_stories(data, path.name)))
        except BadInput as error:
            yield Delivery(str(path), digest, (), str(error))
