"""The registry and the gate: nothing half-promoted, no worse model in, the one before comes back."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from annotators.corpora import Article, Relation
from annotators.gate import Figure, compare, f1, judge, label_counts, relation_counts, worst_new_errors
from annotators.models import SHIPPED
from annotators.registry import Registry, check_folder
from schemas.errors import BadInput


@pytest.fixture
def registry(tmp_path: Path) -> Registry:
    made = Registry(tmp_path / "models")
    for name in ("one", "two"):
        made.add(name, SHIPPED, {"made": name})
    return made


def test_promote_and_roll_back(registry: Registry) -> None:
    assert registry.current() == SHIPPED
    registry.promote("one", "t1", "better")
    registry.promote("two", "t2", "better")
    assert [(e.name, e.current) for e in registry.entries()] == [("shipped", False), ("one", False), ("two", True)]
    assert registry.roll_back("t3").name == "one"
    assert registry.roll_back("t4").name == "shipped"
    assert registry.current() == SHIPPED
    with pytest.raises(BadInput, match="none to go back to"):
        Registry(registry.folder / "empty").roll_back("t5")


def test_a_night_at_work_keeps_its_model(registry: Registry) -> None:
    registry.promote("one", "t1", "")
    at_work = registry.current()  # a night resolves the folder once
    registry.promote("two", "t2", "")
    assert at_work.name == "one"
    assert (at_work / "model.onnx").is_file()


@pytest.mark.slow
def test_a_kill_in_a_promotion_leaves_a_whole_model(registry: Registry, tmp_path: Path) -> None:
    code = (
        "import itertools, sys, pathlib; from annotators.registry import Registry; r = Registry(pathlib.Path(sys.argv[1]));"
        "print('go', flush=True);[r.promote(n, 't', '') for n in itertools.cycle(['one', 'two'])]"
    )
    for _ in range(5):
        child = subprocess.Popen(
            [sys.executable, "-c", code, str(registry.folder)], stdout=subprocess.PIPE, cwd=Path(__file__).parent.parent
        )
        assert child.stdout is not None
        child.stdout.readline()
        while not (registry.folder / "current").exists():
            pass
        child.send_signal(signal.SIGKILL)
        child.wait()
        assert registry.name_of(registry.current()) in ("one", "two", "shipped")
        check_folder(registry.current())
        assert registry.history()


def _pickle(folder: Path) -> None:
    (folder / "model.onnx").write_bytes(b"\x80\x04\x95" + bytes(20))


def _torch(folder: Path) -> None:
    (folder / "pytorch_model.bin").write_bytes(b"PK")


def _other_labels(folder: Path) -> None:
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(config | {"label_set": 99}))


def _no_network(folder: Path) -> None:
    (folder / "model.onnx").unlink()


BAD = [
    (_pickle, "model.onnx may be a pickle"),
    (_torch, "may be a pickle"),
    (_other_labels, "made for label set 99"),
    (_no_network, "lacks model.onnx"),
]


@pytest.mark.parametrize(("spoil", "said"), BAD, ids=[spoil.__name__ for spoil, _ in BAD])
def test_what_is_no_model_is_refused_in_one_line(spoil: Callable[[Path], None], said: str, registry: Registry, tmp_path: Path) -> None:
    shutil.copytree(SHIPPED, tmp_path / "bad")
    spoil(tmp_path / "bad")
    with pytest.raises(BadInput, match=said) as refused:
        registry.add("bad", tmp_path / "bad", {})
    assert "\n" not in str(refused.value)
    assert not [path for path in registry.folder.iterdir() if "bad" in path.name]


@pytest.mark.parametrize("name", ["../x", "current", "shipped", "one", "A", ""])
def test_names(name: str, registry: Registry) -> None:
    with pytest.raises(BadInput):
        registry.add(name, SHIPPED, {})


def test_a_full_disk_leaves_nothing(registry: Registry, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(28, os.strerror(28))

    monkeypatch.setattr(Path, "write_text", full)
    with pytest.raises(OSError, match="No space left"):
        registry.add("three", SHIPPED, {})
    assert not [path for path in registry.folder.iterdir() if "three" in path.name]


RULES = [
    # what it is, the figures (low, high, stories), promoted
    ("one better", [(0.5, 2.0, 50), (-1.0, 1.0, 50)], True),
    ("none better", [(-0.5, 2.0, 50), (-1.0, 1.0, 50)], False),
    ("one better, one worse", [(0.5, 2.0, 50), (-2.0, -0.1, 50)], False),
    ("worse in a slice of four stories: decides nothing", [(0.5, 2.0, 50), (-2.0, -0.1, 4)], True),
    ("better in a slice of four stories only", [(0.5, 2.0, 4), (-1.0, 1.0, 50)], False),
]


@pytest.mark.parametrize(("rows", "promoted"), [rule[1:] for rule in RULES], ids=[rule[0] for rule in RULES])
def test_the_rule(rows: list[tuple[float, float, int]], promoted: bool) -> None:
    assert judge([Figure(str(n), size, 50.0, 50.0, low, high) for n, (low, high, size) in enumerate(rows)]).promoted is promoted


def test_the_interval_is_that_of_a_bootstrap_drawn_one_by_one() -> None:
    rng = np.random.default_rng(1)
    gold = rng.integers(5, 30, 60)
    before, after = (np.stack([rng.binomial(gold, p), gold, gold], axis=1).astype(float) for p in (0.6, 0.7))
    (figure,) = compare({"x": before}, {"x": after})
    drawn = [rng.integers(0, 60, 60) for _ in range(4000)]
    low, high = np.percentile([float(f1(after[d].sum(0)) - f1(before[d].sum(0))) for d in drawn], [2.5, 97.5])
    assert (figure.low, figure.high) == pytest.approx((low, high), abs=0.6)
    assert figure.better
    same = compare({"x": before}, {"x": before})[0]
    assert (same.low, same.high, same.better, same.worse) == (0.0, 0.0, False, False)


TEXT = "Ann said yes. Bob denied no."
ANN, BOB = Relation(((0, 3),), ((4, 8),), ((9, 12),)), Relation(((14, 17),), ((18, 24),), ((25, 27),))


def test_counts_by_element_agency_and_label() -> None:
    articles = [Article("a", TEXT, (ANN, BOB)), Article("b", TEXT, (ANN,))]
    counts = relation_counts(articles, [[ANN], [ANN, BOB]], ["AP", "UPI"])
    assert counts["exact cue"].tolist() == [[1, 1, 2], [1, 2, 1]]
    assert counts["relation lenient, AP"].tolist() == [[1, 1, 2], [0, 0, 0]]
    labels = label_counts([[("role", "expert", "expert"), ("role", "media", "expert")]])
    assert {name: rows.tolist() for name, rows in labels.items()} == {"role expert": [[1, 2, 1]], "role media": [[0, 0, 1]]}


def test_what_was_lost_is_named() -> None:
    articles = [Article("a", TEXT, (ANN, BOB))]
    assert worst_new_errors(articles, [[ANN, BOB]], [[ANN]]) == [{"article": "a", "source": "Bob", "cue": "denied", "content": "no"}]
    assert worst_new_errors(articles, [[ANN]], [[ANN, BOB]]) == []
