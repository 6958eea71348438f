"""Versions of the label set: steps joined, and which models serve a later one."""

from __future__ import annotations

import os
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
story = Story("s", 1, "The minister said prices would rise on Monday. “We were never asked,” union leader Tomas Vey said.")
print(sorted({c.stance.label for j in annotate([story], load_model(), 1) for c in j.claims if c.stance and c.attributed}))
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
    """One label fewer, under a step that does not say so: another has taken its name."""
    text = text.replace('    HEDGES = "hedges", "the source suspects, fears, doubts, or the cue signals distance"\n', "")
    return text.replace('"role": {', '"modality": {"hedges": "asserts"}, "role": {')


def moved(text: str) -> str:
    lines = text.splitlines(keepends=True)
    at = next(n for n, line in enumerate(lines) if line.startswith('    NEUTRAL = "neutral"'))
    return "".join([*lines[: at - 2], lines[at], *lines[at - 2 : at], *lines[at + 1 :]])


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (renamed, "none"),
        (dropped, "made for label set 1, this software has 2; retrain it"),
        (moved, "labels of stance, or in another order"),
    ],
)
def test_a_model_under_another_label_set(change: Callable[[str], str], said: str, tmp_path: Path) -> None:
    """The shipped model with the labels renamed speaks the new names; with one fewer, or in another order, it is refused."""
    shutil.copytree(ROOT / "schemas", tmp_path / "schemas")
    path = tmp_path / "schemas" / "labels.py"
    step = 'STEPS: tuple[Step, ...] = (Step(2, {"stance": {"neutral": "none"}, "role": {"government": "state"}}),)'
    if change is moved:
        step = "STEPS: tuple[Step, ...] = (Step(2, {}),)"
    text = path.read_text(encoding="utf-8").replace("VERSION = 1", "VERSION = 2").replace("STEPS: tuple[Step, ...] = ()", step)
    path.write_text(change(text), encoding="utf-8")
    environment = os.environ | {"PYTHONPATH": f"{tmp_path}{os.pathsep}{ROOT}", "OMP_NUM_THREADS": "1"}
    done = subprocess.run([sys.executable, "-c", PROGRAM], cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=240)
    assert said in (done.stdout if change is renamed else done.stderr)
