"""brat standoff (https://brat.nlplab.org/standoff.html): text-bound parts, relations from the cue, labels as attributes."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

from exports.formats.documents import Document, Span

_CONF = """[entities]
Source
Cue
Content
[relations]
SourceOf Arg1:<ANY>, Arg2:<ANY>
ContentOf Arg1:<ANY>, Arg2:<ANY>
[events]
[attributes]
"""


def write(documents: Iterable[Document], out: Path) -> None:
    """A .txt and an .ann for each document, and annotation.conf."""
    from schemas.labels import CHOICES, HUMAN_ONLY

    kinds = [f"{name.title()} Arg:<ENTITY>, Value:{'|'.join(labels)}" for name, labels in (CHOICES | HUMAN_ONLY).items()]
    (out / "annotation.conf").write_text(_CONF + "\n".join(kinds) + "\n", encoding="utf-8")
    for document in documents:
        with (out / f"{document.name}.txt").open("w", encoding="utf-8", newline="") as file:
            file.write(document.text)
        (out / f"{document.name}.ann").write_text("".join(line + "\n" for line in _lines(document)), encoding="utf-8")


def _lines(document: Document) -> Iterable[str]:
    entity = link = mark = 0
    for relation in document.relations:
        ids = {}
        for part, spans in relation.parts:
            entity += 1
            ids[part] = f"T{entity}"
            pieces = [piece for span in spans for piece in _within_lines(span, document.text)]
            text = " ".join(document.text[a:b] for a, b in pieces)
            yield f"T{entity}\t{part.title()} {';'.join(f'{a} {b}' for a, b in pieces)}\t{text}"
        head = ids.get("cue") or ids.get("content") or ids["source"]
        for part in ("source", "content"):
            if part in ids and ids[part] != head:
                link += 1
                yield f"R{link}\t{part.title()}Of Arg1:{ids[part]} Arg2:{head}"
        for name, label in relation.labels.items():
            mark += 1
            yield f"A{mark}\t{name.title()} {head} {label}"


def _within_lines(span: Span, text: str) -> list[Span]:
    """A stretch as brat has it: none goes over the end of a line."""
    return [(m.start() + span[0], m.end() + span[0]) for m in re.finditer(r"[^\n]+", text[span[0] : span[1]])]
