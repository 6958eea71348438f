"""Versions of the label set: steps joined, and which models serve a later one."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from schemas.labels import Step, joined, serves

ROOT = Path(__file__).resolve().parent.parent
PROGRAM = """
from annotators.claims import annotate
from annotators.models import load_model
from schemas.story import Story
story = Story("s", 1, "The minister said prices would rise on Monday. “We were never asked,” union leader Tomas Vey said.\\n\\n"
    "Opposition leader Ana Ruiz accused the government of stealing the election.\\n\\n"
    "A government spokesman denied that the vote had been rigged and praised the president's record.")
claims = [c for judged in annotate([story], load_model(), 1) for c in judged.claims if c.attributed]
print([(c.quoted, c.role and c.role.label, c.modality and c.modality.label, c.stance and c.stance.label) for c in claims])
"""


def test_steps_are_joined() -> None:
    steps = [Step(2, {"stance": {"a": "b", "x": "b"}}), Step(3, {"stance": {"b": "c"}, "role": {"r": "s"}})]
    assert joined(steps, 1) == {"stance": {"a": "c", "x": "c", "b": "c"}, "role": {"r": "s"}}
    assert joined(steps, 2) == {"stance": {"b": "c"}, "role": {"r": "s"}}
    assert joined(steps, 3) == {}


# steps; version of the set; whether a model of version 1 serves it
SERVED = [
    ([], 1, True),
    ([Step(2, {"stance": {"neutral": "none"}})], 2, True),
    # no step leads there
    ([Step(3, {})], 3, False),
    # two become one
    ([Step(2, {"stance": {"neutral": "none", "opposition": "none"}})], 2, False),
    # one and then another to the same
    ([Step(2, {"stance": {"neutral": "none"}}), Step(3, {"stance": {"opposition": "none"}})], 3, False),
    # older than the model
    ([], 0, False),
]


@pytest.mark.parametrize(("steps", "version", "served"), SERVED)
def test_which_models_serve_a_later_label_set(steps: list[Step], version: int, served: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("schemas.labels.STEPS", tuple(steps))
    monkeypatch.setattr("schemas.labels.VERSION", version)
    assert serves(1) is served


def renamed(text: str) -> str:
    return text.replace('NEUTRAL = "neutral"', 'NEUTRAL = "none"').replace(
        'GOVERNMENT = "government", "state', 'GOVERNMENT = "state", "state'
    )


def dropped(text: str) -> str:
    """One label fewer, and no step that says what it became."""
    return text.replace('    HEDGES = "hedges", "the source suspects, fears, doubts, or the cue signals distance"\n', "")


def moved(text: str) -> str:
    lines = text.splitlines(keepends=True)
    at = next(n for n, line in enumerate(lines) if line.startswith('    NEUTRAL = "neutral"'))
    return "".join([*lines[: at - 2], lines[at], *lines[at - 2 : at], *lines[at + 1 :]])


def added(text: str) -> str:
    """A stance before all others, a role among them and a modality behind them."""
    text = text.replace("class Stance(_Explained):\n", 'class Stance(_Explained):\n    MIXED = "mixed", "both"\n', 1)
    text = text.replace('    EXPERT = "expert"', '    DIASPORA = "diaspora", "people abroad"\n    EXPERT = "expert"', 1)
    return text.replace('    HEDGES = "hedges"', '    GUESSES = "guesses", "says that it guesses"\n    HEDGES = "hedges"', 1)


def under(change: Callable[[str], str], step: str, folder: Path, program: str = PROGRAM) -> subprocess.CompletedProcess[str]:
    """What the shipped model says under the label set as changed, which is version 2."""
    shutil.copytree(ROOT / "schemas", folder / "schemas")
    path = folder / "schemas" / "labels.py"
    before = path.read_text(encoding="utf-8")
    text = before.replace("VERSION = 1", "VERSION = 2").replace(
        "STEPS: tuple[Step, ...] = ()", f"STEPS: tuple[Step, ...] = (Step(2, {step}),)"
    )
    assert change(text) != text or change is same
    path.write_text(change(text), encoding="utf-8")
    environment = os.environ | {"PYTHONPATH": f"{folder}{os.pathsep}{ROOT}", "OMP_NUM_THREADS": "1"}
    return subprocess.run([sys.executable, "-c", program], cwd=folder, env=environment, capture_output=True, text=True, timeout=240)


def same(text: str) -> str:
    return text


@pytest.mark.slow
def test_a_model_serves_a_label_set_with_labels_renamed_added_and_moved(tmp_path: Path) -> None:
    """Of each claim it says the same in the names of today, and never a label that it has not learned."""
    names = '{"stance": {"neutral": "none"}, "role": {"government": "state"}}'
    now = under(same, "{}", tmp_path / "now").stdout
    assert {"government", "opposition", "neutral", "civil_society", "denies"} <= set(re.findall(r"'(\w+)'", now))
    assert under(renamed, names, tmp_path / "renamed").stdout == now.replace("'neutral'", "'none'").replace("'government', '", "'state', '")
    for change in (moved, added):
        done = under(change, "{}", tmp_path / change.__name__)
        assert done.stdout == now, done.stderr


@pytest.mark.slow
def test_a_model_that_knows_a_label_that_is_gone_is_refused(tmp_path: Path) -> None:
    said = under(dropped, "{}", tmp_path / "dropped").stderr
    assert "made for label set 1, with other labels of modality; retrain it" in said


@pytest.mark.train
def test_training_goes_on_from_a_judge_that_knows_fewer_labels(tmp_path: Path) -> None:
    """What it knows stands at its labels' places; the layer's rows for new ones are begun anew."""
    program = """
from annotators.judge_packing import unpack_judge
from annotators.judging import JUDGED, LABELS
from annotators.models import JUDGE
rows = unpack_judge(JUDGE).outer.bias.detach().numpy().round(4).tolist()
names = [label for name in JUDGED for label in LABELS[name]]
print({label: row for label, row in zip(names, rows, strict=True) if label not in ("mixed", "diaspora", "guesses")})
"""
    now = under(same, "{}", tmp_path / "now", program).stdout
    assert now.startswith("{")
    assert under(added, "{}", tmp_path / "added", program).stdout == now
