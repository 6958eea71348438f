"""A story that cannot be annotated holds up no other: one that raises, crashes the process, or takes minutes."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from flows import isolation
from flows.batches import Work, annotate_batch, batches
from flows.isolation import Annotator, Failed, close_all
from flows.store import Store
from schemas.errors import BadInput
from schemas.story import Story

CHOKING = """
import ctypes, os, sys, time
from flows import annotating

real = annotating.annotate

def choke(stories, model):
    for judged in real(stories, model):
        text = judged.story.text
        if "raises" in text: raise RuntimeError("the tokenizer\\nchoked")
        if "crashes" in text: ctypes.string_at(0)
        if "exits" in text: print("no memory left", file=sys.stderr, flush=True); os._exit(3)
        if "hangs" in text:
            while True: pass
        if "broken" in os.environ.get("MODEL", ""): raise RuntimeError("no memory")
        yield judged

annotating.annotate = choke
annotating.main(sys.argv[1])
"""


@pytest.fixture
def choking(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """The annotating process, with a model that some words kill."""
    script = tmp_path / "choking.py"
    script.write_text(CHOKING)
    monkeypatch.setattr(isolation, "COMMAND", (sys.executable, str(script)))
    close_all()
    yield
    close_all()


def stored(folder: Path, *names: str) -> tuple[Store, Work, list[tuple[str, int]]]:
    store = Store(f"sqlite:///{folder / 'store.db'}")
    for at, name in enumerate(names):
        store.add_story(Story(name, 1, f"Police said it {name} on Monday."), f"2026-03-04T0{at}:00:00+00:00")
    return store, Work(f"sqlite:///{folder / 'store.db'}", None, 2.0), [(name, 1) for name in names]


@pytest.mark.usefixtures("choking")
@pytest.mark.parametrize(
    ("poison", "reason"),
    [
        ("raises", "RuntimeError: the tokenizer\nchoked"),
        ("crashes", "the annotating process ended with signal 11 (SIGSEGV)"),
        ("exits", "the annotating process ended with status 3: no memory left"),
        ("hangs", "took longer than 2 s"),  # in a loop that no exception reaches
    ],
)
@pytest.mark.slow
def test_a_poisoned_story_is_held_and_the_rest_goes_on(tmp_path: Path, poison: str, reason: str) -> None:
    store, work, keys = stored(tmp_path, "rained", poison, "snowed")
    assert annotate_batch(keys, work).stories == 2
    assert store.story_states() == {"annotated": 2, "held": 1}
    assert store.set_aside(keys) == [(poison, 1, "held", f"could not be annotated: {reason}")]


@pytest.mark.usefixtures("choking")
@pytest.mark.slow
def test_a_batch_of_poison_alone_is_held(tmp_path: Path) -> None:
    """The model annotates a harmless story, so these are at fault."""
    store, work, keys = stored(tmp_path, "raises", "exits")
    assert annotate_batch(keys, work).stories == 0
    assert store.story_states() == {"held": 2}


@pytest.mark.usefixtures("choking")
@pytest.mark.slow
def test_a_model_that_fails_on_everything_holds_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Then the next night, with a whole model, has them all still to do."""
    monkeypatch.setenv("MODEL", "broken")
    store, work, keys = stored(tmp_path, "rained")
    with pytest.raises(Failed, match="no memory"):
        annotate_batch(keys, work)
    assert store.story_states() == {"new": 1}


@pytest.mark.slow
def test_no_model(tmp_path: Path) -> None:
    store, _, keys = stored(tmp_path, "rained")
    with pytest.raises(BadInput, match="not a model folder"):
        annotate_batch(keys, Work(str(store.engine.url), tmp_path, 60))
    assert store.story_states() == {"new": 1}


@pytest.mark.slow
def test_the_process_is_kept_and_ends_with_its_parent() -> None:
    story = Story("a", 1, "Police said it rained on Monday.")
    annotator = Annotator(None, 60)
    first = list(annotator.annotate([story]))
    process = annotator._process
    assert list(annotator.annotate([story])) == first
    assert first[0][1][0].attributed
    assert annotator._process is process
    assert annotator.spent.memory_mb > 50
    assert process is not None
    assert process.stdin is not None
    process.stdin.close()  # as the system does when the parent is killed
    assert process.wait(30) == 0


def test_batches_side_by_side_hold_48_stories() -> None:
    keys = [(str(n), 1) for n in range(100)]
    assert [len(b) for b in batches(keys, 2)] == [24, 24, 24, 24, 4]
    assert [key for batch in batches(keys, 7) for key in batch] == keys
    assert batches([], 2) == []
