"""XML after PARC 3.0 (Pareti 2016): words in sentences, each with the attributions it is part of and its role in them."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from lxml import etree

from exports.formats.documents import Document


def write(documents: Iterable[Document], out: Path) -> None:
    """An .xml for each document; a character that XML cannot hold becomes U+FFFD, which moves no offset."""
    for document in documents:
        root = etree.Element("root", id=_clean(document.id), version=str(document.version))
        for relation in document.relations:
            etree.SubElement(root, "relation", id=str(relation.number), **relation.labels)
        for number, tokens in enumerate(document.tokens()):
            sentence = etree.SubElement(root, "SENTENCE", gorn=str(number))
            for n, (start, end) in enumerate(tokens):
                place = {"gorn": f"{number},{n}", "StartOffset": str(start), "EndOffset": str(end)}
                word = etree.SubElement(sentence, "WORD", text=_clean(document.text[start:end]), **place)
                for relation in document.relations:
                    for part, spans in relation.parts:
                        if any(a < end and b > start for a, b in spans):
                            attribution = etree.SubElement(word, "attribution", id=str(relation.number))
                            etree.SubElement(attribution, "attributionRole", roleValue=part)
        etree.ElementTree(root).write(out / f"{document.name}.xml", encoding="utf-8", xml_declaration=True, pretty_print=True)


def _clean(text: str) -> str:
    return "".join(
        c if c in "\t\n\r" or (c >= " " and not "\ud800" <= c <= "\udfff" and c not in "\ufffe\uffff") else "\ufffd" for c in text
    )
