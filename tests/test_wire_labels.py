"""The project's labels of real wire stories: found by their text's hash, checked against it, and learned from by the command."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from annotators.wire_labels import read_wire_labels
from flows.learning import CLAIMS, JudgeData, train_judge
from schemas.errors import BadData, BadInput

ROOT = Path(__file__).resolve().parent.parent
MUC3 = ROOT.parent / "shared" / "corpora" / "wire" / "muc3"
GOLD = ROOT.parent / "shared" / "corpora" / "wire-gold" / "dev.jsonl"
FILE = CLAIMS / "wire" / "muc3.jsonl"
TEXT = "THE ARMY SAID NO REBEL LIVED."
CLAIM = {"source": [[0, 8]], "cue": [[9, 13]], "content": [[14, 28]], "role": "government", "stance": "government"}


def row(**fields: Any) -> dict[str, Any]:
    return {"id": "S1", "country": "Peru", "text_sha256": hashlib.sha256(TEXT.encode()).hexdigest(), "claims": [CLAIM]} | fields


def write(folder: Path, *rows: Any) -> Path:
    path = folder / "labels.jsonl"
    path.write_text("\n".join(json.dumps(r) for r in rows))
    return path


def test_stories_are_found_by_their_text(tmp_path: Path) -> None:
    found, total = read_wire_labels(write(tmp_path, row(), row(id="S2", text_sha256="0" * 64)), ["Another.", TEXT])
    assert ([p.id for p in found], total) == (["S1"], 2)
    (claim,) = found[0].claims
    assert [found[0].text[a:b] for a, b in (*claim.relation.source, *claim.relation.cue)] == ["THE ARMY", "SAID"]
    assert claim.labels == {"role": "government", "stance": "government"}  # what two annotators told apart is left out


REFUSED = [
    ("no hash", {k: v for k, v in row().items() if k != "text_sha256"}, "line 1: lacks the key 'text_sha256'"),
    ("beyond the text", row(claims=[CLAIM | {"content": [[14, 99]]}]), "does not lie in the text"),
    ("an unknown label", row(claims=[CLAIM | {"stance": "rival"}]), "stance 'rival' is not one of"),
    ("a claim without cue", row(claims=[{k: v for k, v in CLAIM.items() if k != "cue"}]), "lacks the key 'cue'"),
]


@pytest.mark.parametrize(("bad", "says"), [case[1:] for case in REFUSED], ids=[case[0] for case in REFUSED])
def test_faults_are_told_with_their_line(bad: dict[str, Any], says: str, tmp_path: Path) -> None:
    with pytest.raises(BadData, match=says):
        read_wire_labels(write(tmp_path, bad), [TEXT])


def test_stories_held_out_are_in_no_training() -> None:
    rows = [json.loads(line) for line in (CLAIMS / "held" / "wire" / "muc3.jsonl").read_text().splitlines()]
    trained = {json.loads(line)["text_sha256"] for line in FILE.read_text().splitlines()}
    assert (len(rows), sum(len(row["claims"]) for row in rows)) == (116, 170)
    assert not trained & {row["text_sha256"] for row in rows}


@pytest.mark.slow
def test_a_folder_without_the_stories_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="no such folder"):
        train_judge(tmp_path / "out", "encoder", 1, JudgeData(tmp_path / "none"))
    (tmp_path / "wire").mkdir()
    (tmp_path / "wire" / "story.txt").write_text("Something else was said.")
    with pytest.raises(BadInput, match="has none of the"):
        train_judge(tmp_path / "out", "encoder", 1, JudgeData(tmp_path / "wire"))


def test_articles_without_labels_want_a_teacher(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="nobody says what its claims are; give --teacher too"):
        train_judge(tmp_path / "out", "encoder", 1, JudgeData(unlabelled=tmp_path / "articles.jsonl"))
    with pytest.raises(BadInput, match=r"articles\.jsonl: No such file"):
        train_judge(tmp_path / "out", "encoder", 1, JudgeData(teacher="large", unlabelled=tmp_path / "articles.jsonl"))


@pytest.mark.slow
@pytest.mark.corpora
@pytest.mark.skipif(not MUC3.is_dir(), reason="needs ../shared/corpora")
def test_the_labels_lie_in_their_stories_and_no_gold_story_is_among_them() -> None:
    from schemas.readers import read_stories

    texts = [s.text for path in sorted(MUC3.iterdir()) for s in read_stories(path.read_bytes(), path.name)]
    found, total = read_wire_labels(FILE, texts)
    assert len(found) == total > 600
    gold = [json.loads(line) for line in GOLD.read_text(encoding="utf-8").splitlines()]
    assert {p.id for p in found}.isdisjoint(g["id"] for g in gold)
    assert {p.text for p in found}.isdisjoint(g["text"] for g in gold)
    stances = Counter(c.labels.get("stance") for p in found for c in p.claims)
    assert min(stances[s] for s in ("government", "opposition", "neutral")) > 1000
