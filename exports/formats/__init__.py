"""Other formats, each made from an export's claims: whole documents with their relations, no offset or link lost."""

from __future__ import annotations

import importlib
from enum import StrEnum
from pathlib import Path

from exports.formats.documents import documents


class Layout(StrEnum):
    """How an export is written."""

    DATASET = "dataset"
    CONLL = "conll"
    BRAT = "brat"
    XMI = "xmi"
    PARC = "parc"
    SPACY = "spacy"
    CSV = "csv"
    CLAIM_REVIEW = "claim-review"


_WRITERS = {Layout.CSV: "spreadsheet", Layout.SPACY: "doc_bin", Layout.CLAIM_REVIEW: "claim_review"}


def write_format(folder: Path, form: Layout) -> None:
    """Adds a folder with another format to an export's. Errors: MissingExtra names the extra that it needs."""
    if form is Layout.DATASET:
        return
    out = folder / str(form)
    out.mkdir()
    writer = importlib.import_module(f"exports.formats.{_WRITERS.get(form, str(form))}")
    writer.write(documents(folder), out)
