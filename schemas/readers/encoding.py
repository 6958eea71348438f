"""Bytes into text: Unicode where they say so or are so, else detected, and then said."""

from __future__ import annotations

import codecs
import re

from schemas.errors import Unreadable
from schemas.readers.raw import unreadable

# The longest first: UTF-32's begins with UTF-16's.
_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
# What wires write when they do not write Unicode.
_LEGACY = [
    "cp1252",
    "cp1250",
    "cp1251",
    "cp1253",
    "cp1254",
    "cp1255",
    "cp1256",
    "cp1257",
    "iso8859_2",
    "iso8859_5",
    "iso8859_6",
    "iso8859_7",
    "iso8859_8",
    "iso8859_9",
    "iso8859_15",
    "koi8_r",
    "koi8_u",
    "gb18030",
    "big5",
    "shift_jis",
    "euc_jp",
    "euc_kr",
    "cp437",
    "cp850",
    "mac_roman",
]
_BINARY = (
    (b"\xff\xd8\xff", "a JPEG picture"),
    (b"\x89PNG", "a PNG picture"),
    (b"GIF8", "a GIF picture"),
    (b"%PDF", "a PDF"),
    (b"II*\0", "a TIFF picture"),
    (b"MM\0*", "a TIFF picture"),
    (b"ID3", "an MP3 sound"),
    (b"RIFF", "a sound, video or WebP picture"),
    (b"PK\x03\x04", "a zip archive inside another, or an office document"),
    (b"\xd0\xcf\x11\xe0", "an office document"),
)
# Control characters that no text has; those of telegraph formats (SOH to EOT, the ANPA marks) are not among them.
_NOT_TEXT = re.compile(rb"[\0\x0e\x0f\x10\x7f]")
_STRAY = re.compile("[\udc80-\udcff]")
_CUT = re.compile(rb"(?:[\xc2-\xdf]|[\xe0-\xef][\x80-\xbf]?|\xf0(?:[\x90-\xbf][\x80-\xbf]?)?)\Z")
_WESTERN = frozenset("äöüÄÖÜßàâáãåæçèéêëìíîïñòóôõøœùúûýÿÀÂÁÃÅÆÇÈÉÊËÌÍÎÏÑÒÓÔÕØŒÙÚÛ‘’‚“”„‹›†–—…«»€£§°·¿¡•™©®½¼\xa0´²³")
MIXED = "is UTF-8 but for some bytes: those were read as cp1252"
_PLAIN_CP1252 = re.compile(rb"[\x80-\xff]")


def decode(data: bytes, name: str, notes: list[str]) -> str:
    """The text of a file. What had to be detected is added to the notes. Errors: Unreadable where it is no text."""
    if reason := binary(data):
        raise unreadable(name, reason)
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            return _strictly(data.removeprefix(mark) if encoding == "utf-8" else data, encoding, name)
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        return _detected(data, name, error, notes)


def binary(data: bytes) -> str:
    """What a file is that is no text, or ""."""
    return next((f"is {what}" for magic, what in _BINARY if data.startswith(magic)), "")


def detect(data: bytes) -> str:
    """The encoding that bytes which are no UTF-8 are in, most likely; "" where none fits."""
    if _NOT_TEXT.search(data[:100_000]):
        return ""
    sample = data if len(data) < 200_000 else data[: data.rfind(b"\n", 0, 200_000) + 1]
    if _is_western(sample):
        return "cp1252"
    from charset_normalizer import from_bytes

    best = from_bytes(sample, cp_isolation=_LEGACY, enable_fallback=False).best()
    if best is None or not _fits(data, best.encoding):
        return "cp1252" if _fits(data, "cp1252") and len(_PLAIN_CP1252.findall(data)) * 20 < len(data) else ""
    return str(best.encoding)


def _is_western(data: bytes) -> bool:
    """Few bytes beyond ASCII, all of them letters and marks that western European texts use, within or beside words."""
    if not _fits(data, "cp1252"):
        return False
    odd = [c for c in data.decode("cp1252") if c > "\x7f"]
    return len(odd) * 8 < len(data) and sum(c in _WESTERN for c in odd) >= 0.98 * len(odd)


def _fits(data: bytes, encoding: str) -> bool:
    try:
        data.decode(encoding)
    except UnicodeDecodeError:
        return False
    return True


def _strictly(data: bytes, encoding: str, name: str) -> str:
    try:
        return data.decode(encoding)
    except UnicodeDecodeError as error:
        raise _fault(data, name, error, f"not the {encoding.upper()} that its byte order mark says") from None


def cut_off(data: bytes) -> bool:
    """Whether UTF-8 ends within a character, and is not a text of another encoding whose last letter has an accent."""
    kept = data.rstrip()
    found = _CUT.search(kept, len(kept) - 3)
    if not found:
        return False
    try:
        before = kept[: found.start()].decode()
    except UnicodeDecodeError:
        return False
    first = found[0][0]
    if first < 0xE0:  # "CAFÉ", "SPAß" and "AMANHÃ" are words of cp1252
        return not (before[-1:].isupper() and before[-1:] < "\u0180") and first != 0xDF
    if first in (0xE2, 0xF0):  # typographic marks, emoji
        return len(found[0]) > 1 or not before.isascii() or not before[-1:].isalpha()
    return any("\u0800" <= c < "\u2000" or c >= "\u2e80" for c in before[-200:])


def mixed(data: bytes) -> str:
    """A text that is UTF-8 but for bytes of Windows-1252 that were pasted in; "" where what is beyond ASCII may be something else."""
    whole = data.decode(errors="surrogateescape")
    strays = len(_STRAY.findall(whole))
    odd = [c for c in _STRAY.sub("", whole) if c > "\x7f"]
    pasted = _STRAY.sub(lambda found: bytes([ord(found[0]) - 0xDC00]).decode("cp1252", "replace"), whole)
    told = sum(c in _WESTERN or c >= "\u0800" for c in odd)  # by chance another encoding's bytes make neither
    western = strays * 4 < len(data) and all(c in _WESTERN for c, s in zip(pasted, whole, strict=True) if c != s)
    return pasted if "\ufffd" not in pasted and (len(odd) >= 3 * strays or (western and told and told == len(odd))) else ""


def _detected(data: bytes, name: str, error: UnicodeDecodeError, notes: list[str]) -> str:
    if cut_off(data):
        last = data.rstrip().count(b"\n") + 1
        raise unreadable(name, "ends within a character: it was cut off", f"line {last}")
    if text := mixed(data):
        notes.append(MIXED)
        return text
    encoding = detect(data)
    if not encoding:
        raise _fault(data, name, error, "not UTF-8, and no other encoding fits") from None
    notes.append(f"is not UTF-8: read as {encoding}, which was detected")
    return data.decode(encoding)


def _fault(data: bytes, name: str, error: UnicodeDecodeError, why: str) -> Unreadable:
    line = data.count(b"\n", 0, error.start) + 1
    return unreadable(name, f"byte 0x{data[error.start]:02x} is {why}", f"line {line}")
