"""CSV for spreadsheets: a claim a line, in words; no cell is taken for a formula (OWASP, CSV injection)."""

from __future__ import annotations

import csv
from collections.abc import Iterable
from pathlib import Path

from exports.formats.documents import Document, Span
from schemas.labels import CHOICES, HUMAN_ONLY

_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
_STORY = ("story", "version", "agency", "published", "headline")
COLUMNS = (*_STORY, "number", "source", "cue", "content", *CHOICES, *HUMAN_ONLY, "annotator", "updated", "key")


def write(documents: Iterable[Document], out: Path) -> None:
    """claims.csv, in UTF-8 with the mark by which Excel knows it."""
    with (out / "claims.csv").open("w", encoding="utf-8-sig", newline="", errors="replace") as file:
        rows = csv.writer(file)
        rows.writerow(COLUMNS)
        for d in documents:
            for r in d.relations:
                parts = (_words(spans, d.text) for spans in (r.source, r.cue, r.content))
                labels = (r.labels.get(name, "") for name in (*CHOICES, *HUMAN_ONLY))
                cells = (d.id, d.version, d.agency, d.published, d.headline, r.number, *parts, *labels, r.annotator, r.updated, r.key)
                rows.writerow(map(harmless, cells))


def harmless(cell: object) -> str:
    """A cell's text, with an apostrophe before what a spreadsheet would take for a formula."""
    text = str(cell)
    return f"'{text}" if text.startswith(_FORMULA) or text.lstrip().startswith(_FORMULA) else text


def _words(spans: tuple[Span, ...], text: str) -> str:
    return " … ".join(text[a:b] for a, b in spans)
