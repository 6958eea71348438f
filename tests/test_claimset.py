"""The project's own set of written claims: how parts are found by their words, what is refused, and the set itself."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from annotators.claimset import main, read_passages
from annotators.tags import ROLES
from schemas.errors import BadData

SETS = sorted((Path(__file__).resolve().parents[1] / "annotators" / "claims").glob("*.jsonl"))
TEXT = 'Ann said no. Bob said "yes, yes." Annie, too, said it.'
LABELS = {"quotation": "indirect", "naming": "named", "role": "citizen", "modality": "asserts", "stance": "neutral"}


def claim(**fields: Any) -> dict[str, Any]:
    return {"source": "Bob", "cue": "said#2", "content": "yes, yes", **LABELS} | fields


def passage(*claims: dict[str, Any], **fields: Any) -> dict[str, Any]:
    return {"id": "p1", "country": "Peru", "text": TEXT, "claims": list(claims)} | fields


def write(folder: Path, *rows: Any) -> Path:
    path = folder / "claims.jsonl"
    path.write_bytes(b"\n".join(row if isinstance(row, bytes) else json.dumps(row, ensure_ascii=False).encode() for row in rows))
    return path


@pytest.mark.parametrize(
    ("given", "start", "words"),
    [
        ("Bob", 13, "Bob"),
        ("said#1", 4, "said"),
        ("said#2", 17, "said"),
        ("said#3", 46, "said"),
        ("Ann", 0, "Ann"),  # whole words: not in Annie
        ('said "yes', 17, 'said "yes'),  # where it stands once it needs no number
        ('"yes, yes', 22, '"yes, yes'),
        ("yes#2", 28, "yes"),
        ("Annie, too", 34, "Annie, too"),
        ("Bob#1", 13, "Bob"),  # a number is allowed where none is needed
    ],
)
def test_parts_by_their_words(tmp_path: Path, given: str, start: int, words: str) -> None:
    (found,) = read_passages(write(tmp_path, passage(claim(source=given))))
    ((a, b),) = found.claims[0].relation.source
    assert (a, found.text[a:b]) == (start, words)


def test_several_stretches_in_the_order_of_the_text(tmp_path: Path) -> None:
    (found,) = read_passages(write(tmp_path, passage(claim(content=["it", "no"]))))
    assert [found.text[a:b] for a, b in found.claims[0].relation.content] == ["no", "it"]


@pytest.mark.parametrize("source", [None, "", []])
def test_no_source(tmp_path: Path, source: Any) -> None:
    (found,) = read_passages(write(tmp_path, passage(claim(source=source, naming="none"))))
    assert found.claims[0].relation.source == ()


def test_group_is_the_minimal_pair_or_the_passage(tmp_path: Path) -> None:
    one, two = read_passages(write(tmp_path, passage(claim(), group="pair"), passage(id="p2")))
    assert (one.group, two.group) == ("pair", "p2")
    assert one.claims[0].labels == LABELS
    assert two.claims == ()


def test_a_line_separator_within_a_text_parts_no_lines(tmp_path: Path) -> None:
    text = f"One.\u2028{TEXT}\x85"
    assert [p.text for p in read_passages(write(tmp_path, passage(claim(), text=text), b"", passage(id="p2")))] == [text, TEXT]


FAULTS = [
    (b"{", "Expecting"),
    (b"\xff", "utf-8"),
    (b"[]", "expected an object"),
    ({"id": "p1", "text": TEXT, "claims": []}, "lacks the key 'country'"),
    (passage(claims=None), "claims must be a list of objects"),
    (passage("said"), "claims must be a list of objects"),  # type: ignore[arg-type]
    (passage(text=None), "text must be a string"),
    (passage({k: v for k, v in claim().items() if k != "stance"}), "lacks the key 'stance'"),
    # parts
    (passage(claim(source="Carol")), "'Carol' does not stand in the text as whole words"),
    (passage(claim(source="Ann said yes")), "'Ann said yes' does not stand"),
    (passage(claim(source="nn")), "'nn' does not stand in the text as whole words"),
    (passage(claim(cue="said")), "'said' stands 3 times in the text: add #1 to #3"),
    (passage(claim(cue="said#4")), "'said' stands only 3 times"),
    (passage(claim(cue="said#0")), "'said' stands only 3 times"),
    (passage(claim(cue=None)), "a claim needs a cue and a content"),
    (passage(claim(content=[])), "a claim needs a cue and a content"),
    (passage(claim(cue=7)), "cue must be words or a list of words, not 7"),
    (passage(claim(cue=["said#2", None])), "cue must be words or a list of words"),
    # labels
    (passage(claim(role="king")), "role 'king' is not one of government, opposition"),
    (passage(claim(stance=None)), "stance None is not one of"),
    (passage(claim(stance=["neutral"])), r"stance \['neutral'\] is not one of"),
    (passage(claim(naming="none")), "naming 'none' does not go with source 'Bob'"),
    (passage(claim(source=None)), "naming 'named' does not go with source None"),
]


@pytest.mark.parametrize(("row", "said"), FAULTS)
def test_refused_with_line_and_fault(tmp_path: Path, row: Any, said: str) -> None:
    path = write(tmp_path, passage(claim()), b"", row)
    with pytest.raises(BadData, match=said) as refused:
        read_passages(path)
    assert str(refused.value).startswith(f"{path}, line 3: ")


def test_checking_by_hand(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    good = write(tmp_path, passage(claim(), claim(source="Ann", cue="said#1", content="no")))
    assert main([str(good)]) == 0
    assert "     2  claims\n     1  country Peru\n" in capsys.readouterr().out
    bad = write(tmp_path, passage(claim(role="king")))
    assert main([str(bad)]) == 1
    assert "line 1: role 'king'" in capsys.readouterr().out


# The set itself


def test_there_are_sets() -> None:
    assert SETS


@pytest.mark.parametrize("path", SETS, ids=lambda p: p.stem)
def test_set_reads(path: Path) -> None:
    passages = read_passages(path)
    assert passages
    for found in passages:
        assert found.claims, found.id
        for one in found.claims:
            spans = [s for role in ROLES for s in getattr(one.relation, role)]
            assert all(0 <= a < b <= len(found.text) for a, b in spans), found.id


@pytest.mark.slow
def test_ids_are_unique_and_pairs_are_pairs() -> None:
    passages = [p for path in SETS for p in read_passages(path)]
    ids = Counter(p.id for p in passages)
    assert [i for i, n in ids.items() if n > 1] == []
    groups = Counter(p.group for p in passages)
    # a group of one is the passage itself, never a pair that lost its other half
    assert [p.id for p in passages if groups[p.group] == 1 and p.group != p.id] == []
    texts = Counter(p.text for p in passages)
    assert [t for t, n in texts.items() if n > 1] == []
