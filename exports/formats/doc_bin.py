"""spaCy `DocBin`: a span group a part, each span with its relation's number as `kb_id`; exact offsets and labels in `user_data`."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path

from exports.formats.documents import Document
from schemas.errors import MissingExtra

_EACH = 500
"""Documents a file."""


def write(documents: Iterable[Document], out: Path) -> None:
    """Files of 500 documents. Parts that begin inside a token are widened to it; `user_data["relations"]` has them exact."""
    try:
        import spacy
        from spacy.tokens import DocBin, Span
    except ImportError as error:
        raise MissingExtra("DocBin needs spaCy: install the extra `formats`") from error
    nlp, box, number = spacy.blank("en"), DocBin(store_user_data=True), 0
    for count, document in enumerate(documents, 1):
        doc = nlp.make_doc(document.text)
        groups: dict[str, list[Span]] = {"source": [], "cue": [], "content": []}
        for relation in document.relations:
            for part, spans in relation.parts:
                for a, b in spans:
                    found = doc.char_span(a, b, label=part, kb_id=str(relation.number), alignment_mode="expand")
                    groups[part] += [found] if found is not None else []
        doc.spans.update(groups)
        doc.user_data |= {"story": document.id, "relations": json.dumps([vars(r) for r in document.relations])}
        box.add(doc)
        if count % _EACH == 0:
            box.to_disk(out / f"claims-{number:05}.spacy")
            box, number = DocBin(store_user_data=True), number + 1
    box.to_disk(out / f"claims-{number:05}.spacy")
