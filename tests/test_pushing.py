"""How tasks are made ready for Label Studio: in order, none twice, each chunk while the one before is sent."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.desk_faults import NOW, PLAN, story_and_claim
from flows import pushing
from flows.pushing import _made, ahead
from flows.store import Store
from flows.studio_import import Encoded, batches


def test_the_first_chunk_is_small_and_every_task_is_in_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pushing, "_CHUNK", 8)
    store = Store(f"sqlite:///{tmp_path / 'store.db'}")
    keys = []
    for number in range(20):
        story, claim = story_and_claim("chunks", number)
        store.add_story(story, NOW)
        store.add_claims(story, [claim])
        keys.append(claim.key)
    for count, sizes in ((20, [2, 8, 8, 2]), (2, [2]), (3, [2, 1]), (0, [])):
        made = list(_made(store, PLAN, keys[:count]))
        assert [len(tasks) for _, tasks, _ in made] == sizes
        assert [task["data"]["key"] for _, tasks, _ in made for task in tasks] == keys[:count]


def test_ahead_makes_the_next_while_this_one_is_used() -> None:
    begun = threading.Event()

    def items() -> Iterator[int]:
        yield 1
        begun.set()
        yield 2

    coming = ahead(items())
    assert next(coming) == 1
    assert begun.wait(10)  # nobody has asked for the second yet
    assert list(coming) == [2]


def test_ahead_passes_on_what_goes_wrong() -> None:
    def items() -> Iterator[int]:
        yield 1
        raise ValueError("the store is gone")

    coming = ahead(items())
    assert next(coming) == 1
    with pytest.raises(ValueError, match="the store is gone"):
        next(coming)


@given(st.dictionaries(st.text(), st.fixed_dictionaries({"data": st.dictionaries(st.text(), st.text() | st.integers())}), max_size=6))
@pytest.mark.slow
def test_what_is_sent_is_the_tasks_json(tasks: dict) -> None:
    sent = [task.body for batch in batches((key, Encoded.of(task)) for key, task in tasks.items()) for task in batch.values()]
    assert [json.loads(body) for body in sent] == list(tasks.values())
