"""Zip, tar and gzip archives, told by content; their members are streamed, never written to disk, within bounds."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any, BinaryIO, cast

from schemas.readers import MAX_BYTES
from schemas.readers.raw import Beside

BROKEN = (zipfile.BadZipFile, tarfile.TarError, zlib.error, lzma.LZMAError, RuntimeError, NotImplementedError)
"""What reading a broken, encrypted or unknown archive raises."""
MAX_MEMBERS = 100_000
MAX_TOTAL = 2_000_000_000
"""Bytes that an archive's members may have together."""
_RATIO = 400
_IGNORED = ("README", "LICENSE", ".", "__MACOSX")


@dataclass(frozen=True)
class Member:
    """A file in an archive, open; or the fault that it, or the archive from here on, has."""

    name: str
    file: BinaryIO | None = None
    fault: str = ""
    beside: Beside | None = None


class _Bounded(io.RawIOBase):
    """A stream that counts what comes out of all members of an archive. Errors: ValueError beyond the bound."""

    def __init__(self, inner: BinaryIO, budget: list[int]) -> None:
        self._inner, self._budget = inner, budget

    def read(self, size: int = -1) -> bytes:
        data = self._inner.read(min(size if size >= 0 else MAX_BYTES + 1, self._budget[0] + 1))
        self._budget[0] -= len(data)
        if self._budget[0] < 0:
            raise ValueError("its archive unpacks to too much: a bomb")
        return data


def kind(file: BinaryIO) -> str:
    """Which archive a file is, or ""; the file is left at its beginning. One that cannot seek is none."""
    if not file.seekable():
        return ""
    head = file.read(300)
    file.seek(0)
    if head.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return "zip"
    if head[257:262] == b"ustar":
        return "tar"
    return next((k for magic, k in ((b"\x1f\x8b", "gz"), (b"BZh", "bz2"), (b"\xfd7zXZ\0", "xz")) if head.startswith(magic)), "")


def members(file: BinaryIO, form: str, label: str) -> Iterator[Member]:
    """The files of an archive in their order; what cannot be read is a fault, and the rest goes on where it can."""
    budget = [min(MAX_TOTAL, max(_RATIO * _size(file), MAX_BYTES))]
    try:
        if form == "zip":
            yield from _zip(file, label, budget)
        elif form == "tar" or _is_tar(file, form):
            yield from _tar(file, label, budget)
        else:
            yield Member("", cast(BinaryIO, _Bounded(_unpacked(file, form), budget)))
    except (OSError, EOFError, ValueError, *BROKEN) as error:
        yield Member("", fault=f"{label}: its archive is broken: {error or type(error).__name__}"[:300])


def _size(file: BinaryIO) -> int:
    file.seek(0, io.SEEK_END)
    size = file.tell()  # SFTP's seek does not tell
    file.seek(0)
    return size


def _unpacked(file: BinaryIO, form: str) -> BinaryIO:
    openers: dict[str, Any] = {"gz": gzip.open, "bz2": bz2.open, "xz": lzma.open}
    return cast(BinaryIO, openers[form](file, "rb"))


def _is_tar(file: BinaryIO, form: str) -> bool:
    try:
        head = _unpacked(file, form).read(300)
    except (OSError, EOFError, *BROKEN):
        head = b""
    file.seek(0)
    return head[257:262] == b"ustar"


def _zip(file: BinaryIO, label: str, budget: list[int]) -> Iterator[Member]:
    with zipfile.ZipFile(file) as archive:
        infos = [i for i in archive.infolist() if not i.is_dir() and not _ignored(i.filename)]
        names = {i.filename for i in infos}
        for number, info in enumerate(infos):
            if number >= MAX_MEMBERS:
                yield Member("", fault=f"{label}: has more than {MAX_MEMBERS:,} files; the rest was not read")
                return
            if fault := _fault(info.filename):
                yield Member(_plain(info.filename), fault=f"{label}: {_plain(info.filename)}: {fault}")
                continue
            folder = PurePosixPath(info.filename).parent

            def beside(name: str, folder: PurePosixPath = folder) -> bytes | None:
                other = str(folder / name)
                return archive.read(other) if other in names and archive.getinfo(other).file_size <= MAX_BYTES else None

            try:
                with archive.open(info) as member:
                    yield Member(info.filename, cast(BinaryIO, _Bounded(cast(BinaryIO, member), budget)), beside=beside)
            except (OSError, EOFError, ValueError, *BROKEN) as error:
                yield Member(info.filename, fault=f"{label}: {info.filename}: is broken: {error or type(error).__name__}"[:300])
            if budget[0] < 0:
                yield Member("", fault=f"{label}: unpacks to too much: a bomb; the rest was not read")
                return


def _tar(file: BinaryIO, label: str, budget: list[int]) -> Iterator[Member]:
    number = 0
    with tarfile.open(fileobj=file, mode="r:*") as archive:
        for info in archive:
            if info.isdir() or _ignored(info.name):
                continue
            number += 1
            if number > MAX_MEMBERS or budget[0] < 0:
                yield Member("", fault=f"{label}: has too many files or unpacks to too much; the rest was not read")
                return
            fault = _fault(info.name) or ("" if info.isfile() else "is a link or a device, not a file")
            inner = archive.extractfile(info) if not fault else None
            if inner is None:
                yield Member(_plain(info.name), fault=f"{label}: {_plain(info.name)}: {fault or 'is no file'}")
                continue
            yield Member(info.name, cast(BinaryIO, _Bounded(cast(BinaryIO, inner), budget)))


def _ignored(name: str) -> bool:
    return any(part.startswith(_IGNORED) and part != ".." for part in PurePosixPath(name).parts if part != "/")


def _fault(name: str) -> str:
    path = PurePosixPath(name.replace("\\", "/"))
    return "its name leads out of the archive" if path.is_absolute() or ".." in path.parts or name[1:2] == ":" else ""


def _plain(name: str) -> str:
    return name.encode("utf-8", "backslashreplace").decode()
