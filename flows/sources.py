"""Where wire files lie: on disk, in archives, behind addresses, on standard input; each opened within bounds, one at a time."""

from __future__ import annotations

import io
import itertools
import json
import re
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, BinaryIO

from flows import archives, fetching
from flows.reach import Client, Reach
from flows.settings import load_settings
from schemas.errors import BadInput, MissingExtra, OnRecordError
from schemas.readers import MAX_BYTES
from schemas.readers.raw import Beside

_SCHEMES = ("http", "https")
_PASSWORD = re.compile(r"(?<=://)([^/:@]*):[^/@]*(?=@)")
IGNORED = ("README", "LICENSE", ".")
"""How names of files begin that are no wire."""
_FORBIDDEN = ("file", "local", "filecache", "simplecache", "blockcache", "reference", "dir")


@dataclass(frozen=True)
class Piece:
    """One wire file, opened: its bytes, or the fault that it has. label: its name in messages; name: where it is."""

    name: str
    label: str
    data: bytes = b""
    fault: str = ""
    beside: Beside | None = None
    fetched: tuple[str, str] | None = None


@dataclass
class Opened:
    """What is known of addresses fetched before: `get` gives an address's validators or None. stdin: standard input.

    reach: which hosts may be read from; None: as the settings say.
    """

    get: Callable[[str], str | None] = lambda _: None
    stdin: BinaryIO = field(default_factory=lambda: sys.stdin.buffer)
    reach: Reach | None = None


def address_of(given: Path | str) -> str:
    """The scheme of an address, "-" for standard input, or "" for a path."""
    text = str(given)
    if text == "-":
        return "-"
    scheme, parted, _ = text.partition("://")
    return scheme.lower() if parted and scheme.replace("+", "").replace(":", "").isalnum() else ""


def check_address(address: str) -> None:
    """Errors: BadInput for an address that reaches files here by a detour, or is of no kind that is known."""
    scheme = address_of(address)
    if scheme in _SCHEMES:
        return
    if scheme in _FORBIDDEN or "::" in address:
        raise BadInput(f"{shown(address)}: addresses of files here are not taken; give the path")
    if scheme != "-":
        from fsspec.registry import known_implementations

        if scheme not in known_implementations:
            raise BadInput(
                f"{shown(address)}: no kind of address that is known; give a path, http(s), or what fsspec opens (s3, sftp, gs, ...)"
            )


def pieces(source: Path | str, seen: Opened) -> Iterator[Piece]:
    """The wire files of one source: itself, an archive's members, a listing's files, parts of long JSON lines."""
    scheme = address_of(source)
    if scheme == "-":
        yield from _chunks(seen.stdin, "-", "-")
    elif scheme in _SCHEMES:
        yield from _fetched(str(source), seen)
    elif scheme:
        yield from _remote(str(source))
    else:
        yield from _local(Path(source))


def _local(path: Path) -> Iterator[Piece]:
    try:
        with path.open("rb") as file:
            yield from _opened(file, str(path), path.name, _siblings(path))
    except OSError as error:
        yield Piece(str(path), path.name, fault=f"{path.name}: {error.strerror or error}")


def _siblings(path: Path) -> Beside:
    def beside(name: str) -> bytes | None:
        other = (path.parent / name).resolve()
        return _small(other) if other.is_relative_to(path.parent.resolve()) and other.is_file() else None

    return beside


def _small(path: Path) -> bytes | None:
    return path.read_bytes() if path.stat().st_size <= MAX_BYTES else None


def _opened(file: BinaryIO, name: str, label: str, beside: Beside | None = None) -> Iterator[Piece]:
    """A file that may be an archive."""
    kind = archives.kind(file)
    if not kind:
        yield from _chunks(file, name, label, beside)
        return
    for member in archives.members(file, kind, label):
        inner = f"{name}!{member.name}" if member.name else name
        if member.fault:
            yield Piece(inner, label, fault=member.fault)
        elif member.file is not None:
            yield from _chunks(member.file, inner, member.name or label, member.beside)


def _chunks(file: BinaryIO, name: str, label: str, beside: Beside | None = None) -> Iterator[Piece]:
    """A file whole, or, where it is long and holds JSON lines, in parts of whole lines; a longer one of another kind is a fault."""
    try:
        data = file.read(MAX_BYTES + 1)
        if len(data) <= MAX_BYTES:
            yield Piece(name, label, data, beside=beside)
            return
        if not _is_json_line(data):
            yield Piece(
                name, label, fault=f"{label}: has more than {MAX_BYTES:,} bytes; accepted: up to {MAX_BYTES:,} bytes a file; split it"
            )
            return
        for number in itertools.count(1):
            end = data.rfind(b"\n") + 1
            if not end and len(data) > MAX_BYTES:
                yield Piece(f"{name} part {number}", label, fault=f"{label}: a line of part {number} has more than {MAX_BYTES:,} bytes")
                return
            yield Piece(f"{name} part {number}", label, data[:end] or data)
            more = file.read(MAX_BYTES)
            data = data[end:] + more if end else more
            if not data:
                return
    except (OSError, ValueError, EOFError, *archives.BROKEN) as error:
        yield Piece(name, label, fault=f"{label}: is broken: {error or type(error).__name__}"[:300])


def _is_json_line(data: bytes) -> bool:
    try:
        return isinstance(json.loads(data.partition(b"\n")[0]), dict)
    except (ValueError, RecursionError):
        return False


def _fetched(address: str, seen: Opened) -> Iterator[Piece]:
    """What an address gives, where it has changed; of a listing its files."""
    reach = seen.reach or Reach(load_settings().inside)
    with fetching.client(address, reach) as client:
        answer = _fetch(client, address, seen)
        if isinstance(answer, Piece):
            yield answer
            return
        links = fetching.listed(answer) if answer is not None else []
        if answer is None:
            return
        if not links:
            yield from _answered(answer)
        for link in links:
            inner = _fetch(client, link, seen)
            if isinstance(inner, Piece):
                yield inner
            elif inner is not None:
                yield from _answered(inner)


def _fetch(client: Client, address: str, seen: Opened) -> fetching.Answer | Piece | None:
    try:
        return fetching.fetch(client, address, seen.get(shown(address)))
    except OnRecordError as error:
        return Piece(shown(address), shown(address), fault=shown(str(error)))


def _answered(answer: fetching.Answer) -> Iterator[Piece]:
    """The answer's files; the last carries the validators, so that they are remembered only when all are stored."""
    address = shown(answer.address)
    label = address.rstrip("/").rpartition("/")[2].partition("?")[0] or address
    found = list(_opened(io.BytesIO(answer.data), address, label))
    yield from found[:-1]
    if found:
        yield replace(found[-1], fetched=(address, answer.validators))


def shown(address: str) -> str:
    """An address without the password in it."""
    return _PASSWORD.sub(r"\1", address)


def _remote(address: str) -> Iterator[Piece]:
    """What fsspec opens: S3, SFTP and the like. Errors: MissingExtra for a missing package."""
    import fsspec

    at = shown(address).rstrip("/")
    try:
        files, root = fsspec.core.url_to_fs(address)
        names = sorted(files.find(root)) if files.isdir(root) else [root]
    except ImportError as error:
        raise MissingExtra(f"{at}: {error}; S3 and SFTP: pip install 'onrecord[remote]'") from None
    except Exception as error:  # noqa: BLE001  every kind of storage has errors of its own
        yield Piece(at, at, fault=f"{at}: cannot be opened: {type(error).__name__}: {error}"[:300])
        return
    for name in names:
        label, where = str(name).rpartition("/")[2], at + str(name).removeprefix(str(root).rstrip("/"))
        if label.startswith(IGNORED) and name != root:
            continue
        try:
            with files.open(name, "rb") as file:
                yield from _opened(file, where, label, _beside_remote(files, str(name), names))
        except Exception as error:  # noqa: BLE001
            yield Piece(where, label, fault=f"{label}: cannot be read: {type(error).__name__}: {error}"[:300])


def _beside_remote(files: Any, name: str, names: Sequence[str]) -> Beside:
    def beside(other: str) -> bytes | None:
        path = f"{name.rpartition('/')[0]}/{other}"
        return files.cat_file(path) if path in names and files.size(path) <= MAX_BYTES else None

    return beside
