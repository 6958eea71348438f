"""CoNLL-U columns (https://universaldependencies.org/format.html): a paragraph a sentence; MISC holds offsets and each part's relations."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from exports.formats.documents import Document, Relation, Span


def write(documents: Iterable[Document], out: Path) -> None:
    """One file with all documents: `Cue=2,3` says that a word is in the cue of relations 2 and 3."""
    with (out / "claims.conllu").open("w", encoding="utf-8", newline="\n") as lines:
        for document in documents:
            head = [f"# newdoc id = {document.name}", f"# story = {document.id}", f"# version = {document.version}"]
            head += [f"# relation = {r.number} {_labels(r)}" for r in document.relations]
            for number, tokens in enumerate(document.tokens(), 1):
                text = document.text[tokens[0][0] : tokens[-1][1]]
                lines.write("\n".join([*head, f"# sent_id = {document.name}-{number}", f"# text = {text}"]) + "\n")
                lines.writelines(_line(n, token, document) for n, token in enumerate(tokens, 1))
                lines.write("\n")
                head = []


def _line(number: int, token: Span, document: Document) -> str:
    start, end = token
    misc = {"start_char": str(start), "end_char": str(end)}
    for part in ("source", "cue", "content"):
        if inside := [str(r.number) for r in document.relations if _touches(r, part, token)]:
            misc[part.title()] = ",".join(inside)
    if document.text[end : end + 1].strip():
        misc["SpaceAfter"] = "No"
    said = "|".join(f"{name}={value}" for name, value in sorted(misc.items(), key=lambda item: item[0].casefold()))
    return "\t".join([str(number), document.text[start:end], *("_",) * 7, said]) + "\n"


def _touches(relation: Relation, part: str, token: Span) -> bool:
    return any(a < token[1] and b > token[0] for a, b in getattr(relation, part))


def _labels(relation: Relation) -> str:
    return " ".join(f"{name}={label.replace(' ', '_')}" for name, label in relation.labels.items())
