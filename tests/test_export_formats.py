"""Every other format, read back by its own library: the relations are those of the export, whatever the text holds."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from exports.adjudication import Judge, Rule
from exports.dataset import write_dataset
from exports.formats import Layout, write_format
from exports.formats.documents import documents
from exports.formats.spreadsheet import harmless
from exports.manifest import Manifest
from schemas.claim import Choice, Claim
from schemas.reviews import Review
from schemas.spans import Span, cut
from schemas.story import Story

# outside the BMP, a quotation in two stretches, a formula, a part over a paragraph's end
TEXT = "“No 🗞 paper,” Zoë Hale said, “will come.”\n\n=Police deny it rained.\n\nIt was dry. Officials said so."
Parts = dict[str, set[tuple[int, int]]]


def span(words: str) -> Span:
    return cut(TEXT, TEXT.index(words), TEXT.index(words) + len(words))


def row(number: int, source: list[str], cue: list[str], content: list[str], **choices: str) -> tuple[Story, Claim, Review]:
    parts = [tuple(map(span, words)) for words in (content, cue, source)]
    claim = Claim(f"k{number}", "=g/1", 1, True, *parts, None, "indirect", "named", Choice("expert", 0.9), None, None, 0.9, "model:x")
    done = replace(claim, by="human:a@b")
    return (
        Story("=g/1", 1, TEXT, headline="+1"),
        claim,
        Review(number, claim.key, 1, "a@b", "2026-03-04", (done,), choices, (), "", 1, False),
    )


ROWS = [
    row(1, ["Zoë Hale"], ["said"], ["No 🗞 paper", "will come"], role="opposition", credibility="2"),
    row(2, ["=Police"], ["deny"], ["it rained"], modality="denies", credibility="6"),
    row(3, ["Officials"], ["said so"], ["rained.\n\nIt was dry"]),
    row(4, [], [], ["It was dry"]),
]
NO_CLAIM = row(5, ["Officials"], ["said"], ["so"])
NO_CLAIM = (*NO_CLAIM[:2], replace(NO_CLAIM[2], problems=("not a claim",)))
"""Ticked as no claim, its spans left standing."""
WANTED: list[Parts] = [
    {part: {(s.start, s.end) for s in getattr(claim, part)} for part in ("source", "cue", "content")}
    for claim in sorted((c for _, c, _ in ROWS), key=lambda c: [(s.start, s.end) for p in (c.source, c.cue, c.content) for s in p])
]


def _empty() -> Parts:
    return {"source": set(), "cue": set(), "content": set()}


def _words(parts: Parts) -> Parts:
    """The tokens that a part covers: what formats of words can say."""
    tokens = [m.span() for m in re.finditer(r"\w+|[^\w\s]", TEXT)]
    return {p: {(a, b) for a, b in tokens if any(x < b and y > a for x, y in spans)} for p, spans in parts.items()}


def read_conll(folder: Path) -> list[Parts]:
    import conllu

    found = [_empty() for _ in ROWS]
    for sentence in conllu.parse((folder / "claims.conllu").read_text(encoding="utf-8")):
        for token in sentence:
            misc = token["misc"]
            where = int(misc["start_char"]), int(misc["end_char"])
            assert TEXT[slice(*where)] == token["form"]
            for part in ("source", "cue", "content"):
                for number in filter(None, (misc.get(part.title()) or "").split(",")):
                    found[int(number) - 1][part].add(where)
    return found


def read_brat(folder: Path) -> list[Parts]:
    (path,) = folder.glob("*.ann")
    assert path.with_suffix(".txt").read_text(encoding="utf-8") == TEXT
    found, places, heads = [], {}, {}
    for line in path.read_text(encoding="utf-8").splitlines():
        name, said, *text = line.split("\t")
        if name[0] == "T":
            part, spans = said.split(" ", 1)
            pieces = [tuple(map(int, piece.split())) for piece in spans.split(";")]
            assert text == [" ".join(TEXT[a:b] for a, b in pieces)]
            assert "\n" not in text[0]
            places[name] = part.lower(), set(pieces)
        elif name[0] == "R":
            kind, one, other = said.split()
            heads.setdefault(other.removeprefix("Arg2:"), []).append(one.removeprefix("Arg1:"))
            assert kind.lower() == f"{places[one.removeprefix('Arg1:')][0]}of"
    tied = {name for names in heads.values() for name in names}
    for head in (name for name in places if name not in tied):
        found.append(_empty() | {places[n][0]: places[n][1] for n in (head, *heads.get(head, ()))})
    return found


def read_xmi(folder: Path) -> list[Parts]:
    import cassis

    (path,) = folder.glob("*.xmi")
    with (folder / "TypeSystem.xml").open("rb") as types, path.open("rb") as file:
        cas = cassis.load_cas_from_xmi(file, typesystem=cassis.load_typesystem(types))
    assert cas.sofa_string == TEXT
    found = [_empty() for _ in cas.select("onrecord.Attribution")]
    for part in cas.select("onrecord.Part"):
        found[part.relation - 1][part.role].add((part.begin, part.end))
    return found


def read_parc(folder: Path) -> list[Parts]:
    from lxml import etree

    (path,) = folder.glob("*.xml")
    root = etree.parse(path).getroot()
    found = [_empty() for _ in root.iter("relation")]
    for word in root.iter("WORD"):
        where = int(word.get("StartOffset")), int(word.get("EndOffset"))
        assert TEXT[slice(*where)] == word.get("text")
        for attribution in word.iter("attribution"):
            found[int(attribution.get("id")) - 1][attribution[0].get("roleValue")].add(where)
    return found


def read_spacy(folder: Path) -> list[Parts]:
    import spacy
    from spacy.tokens import DocBin

    (doc,) = DocBin().from_disk(folder / "claims-00000.spacy").get_docs(spacy.blank("en").vocab)
    assert doc.text == TEXT
    exact = json.loads(doc.user_data["relations"])
    for part in ("source", "cue", "content"):
        for s in doc.spans[part]:  # whole tokens, so no less than what was marked
            assert any(s.start_char <= a and b <= s.end_char for a, b in exact[int(s.kb_id_) - 1][part])
    return [{part: {tuple(s) for s in row[part]} for part in ("source", "cue", "content")} for row in exact]


def _lines(parts: Parts) -> Parts:
    """brat's stretches end with their line."""
    return {p: {(m.start() + a, m.end() + a) for a, b in spans for m in re.finditer(r"[^\n]+", TEXT[a:b])} for p, spans in parts.items()}


READERS: list[tuple[Layout, Callable[[Path], list[Parts]], Callable[[Parts], Parts]]] = [
    # the format, its reader, what it can say of a part
    (Layout.CONLL, read_conll, _words),
    (Layout.BRAT, read_brat, _lines),
    (Layout.XMI, read_xmi, dict),
    (Layout.PARC, read_parc, _words),
    (Layout.SPACY, read_spacy, dict),
]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("formats") / "export"
    write_dataset([*ROWS, NO_CLAIM], out, Manifest("2026-03-08", "0", "", splits={"=g/1": "train"}))
    return out


@pytest.mark.parametrize(("form", "read", "said"), READERS, ids=[str(form) for form, _, _ in READERS])
@pytest.mark.slow
def test_relations_are_kept(form: Layout, read: Callable[[Path], list[Parts]], said: Callable[[Parts], Parts], folder: Path) -> None:
    write_format(folder, form)
    assert read(folder / str(form)) == [said(parts) for parts in WANTED]


def test_documents(folder: Path) -> None:
    (document,) = documents(folder)
    assert [{p: set(getattr(r, p)) for p in ("source", "cue", "content")} for r in document.relations] == WANTED


def test_no_cell_is_a_formula(folder: Path) -> None:
    write_format(folder, Layout.CSV)
    with (folder / "csv" / "claims.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == len(ROWS)
    assert {row["source"] for row in rows} == {"Zoë Hale", "'=Police", "Officials", ""}
    assert {(row["story"], row["headline"]) for row in rows} == {("'=g/1", "'+1")}
    assert [harmless(cell) for cell in ("=1", " =1", "\t=1", "-2", "@x", "1-2", "a=b")] == [
        "'=1",
        "' =1",
        "'\t=1",
        "'-2",
        "'@x",
        "1-2",
        "a=b",
    ]


def test_rated_claims_are_claim_reviews(folder: Path) -> None:
    from jsonschema import validate

    write_format(folder, Layout.CLAIM_REVIEW)
    (row,) = map(json.loads, (folder / "claim-review" / "claims.jsonl").read_text().splitlines())  # 6, cannot be judged, is none
    needed = ["@context", "@type", "claimReviewed", "itemReviewed", "author", "reviewRating", "datePublished"]
    number = {"type": "integer", "minimum": 1, "maximum": 5}
    rating = {"type": "object", "required": ["ratingValue", "bestRating", "worstRating"], "properties": {"ratingValue": number}}
    validate(row, {"type": "object", "required": needed, "properties": {"@type": {"const": "ClaimReview"}, "reviewRating": rating}})
    assert (row["claimReviewed"], row["itemReviewed"]["author"]["name"]) == ("No 🗞 paper … will come", "Zoë Hale")
    assert (row["reviewRating"]["ratingValue"], row["reviewRating"]["alternateName"]) == (4, "probably true")


CASES = [
    # the rule, who says what, what counts (None: a dispute)
    (Rule.MAJORITY, {"a": "expert", "b": "expert", "c": "media"}, "expert"),
    (Rule.MAJORITY, {"a": "expert", "b": "media"}, None),
    (Rule.MAJORITY, {"a": "expert"}, "expert"),
    (Rule.EXPERT, {"a": "expert", "b": "expert", "boss": "media"}, "media"),
    (Rule.EXPERT, {"a": "expert", "b": "media"}, None),
]


@pytest.mark.parametrize(("rule", "said", "label"), CASES)
def test_adjudication(rule: Rule, said: dict[str, str], label: str | None) -> None:
    judge = Judge((), rule, ["boss"])
    labels, disputes = judge.settle(
        [replace(ROWS[0][2], annotation_id=n, by=who, choices={"role": r}) for n, (who, r) in enumerate(said.items())]
    )
    assert (labels.get("role"), [d.said for d in disputes]) == (label, [] if label else [said])


def test_dawid_and_skene_weigh_people_by_what_they_know() -> None:
    roles = ["expert", "media"]
    truth = {f"t{n}": roles[n % 2] for n in range(40)}
    wrong = {who: {key: roles[(n + n // 2) % 2] for n, key in enumerate(truth)} for who in ("d", "e")}  # two who guess, the same
    said = dict.fromkeys(("a", "b", "c"), truth) | wrong
    reviews = [
        replace(ROWS[0][2], annotation_id=n, key=key, by=who, choices={"role": by[key]})
        for n, (who, key) in enumerate((who, key) for who in said for key in truth)
        for by in (said[who],)
    ]
    judge = Judge(reviews, Rule.DAWID_SKENE)
    found = {key: judge.settle([r for r in reviews if r.key == key])[0]["role"] for key in truth}
    assert found == truth
