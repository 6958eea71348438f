"""A story that cannot be annotated holds up no other."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

from annotators.claims import Judged, annotate
from annotators.models import Model
from flows import night
from flows.store import Store
from schemas.story import Story


def test_a_poisoned_story_is_held_and_the_rest_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def choke(stories: Iterable[Story], model: Model) -> Iterator[Judged]:
        for judged in annotate(stories, model):
            if "poison" in judged.story.text:
                raise RuntimeError("the tokenizer\nchoked")
            yield judged

    monkeypatch.setattr(night, "annotate", choke)
    url = f"sqlite:///{tmp_path / 'store.db'}"
    store = Store(url)
    keys = []
    for name in ("a", "b", "poison", "c"):
        store.add_story(Story(name, 1, f"Police said {name} was found on Monday."), f"2026-03-04T0{len(keys)}:00:00+00:00")
        keys.append((name, 1))
    assert night.annotate_batch(keys, url, None)[0] == 3
    assert store.story_states() == {"annotated": 3, "held": 1}
    result = night.Night()
    night.note_held(keys, store, result)
    assert result.held == [("poison v1", "held: could not be annotated: RuntimeError: the tokenizer\nchoked")]


def test_a_model_that_fails_on_everything_holds_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Then the next night, with a whole model, has them all still to do."""

    def broken(stories: Iterable[Story], model: Model) -> Iterator[Judged]:
        raise RuntimeError("no memory")
        yield from annotate(stories, model)

    monkeypatch.setattr(night, "annotate", broken)
    url = f"sqlite:///{tmp_path / 'store.db'}"
    store = Store(url)
    for name in ("a", "b"):
        store.add_story(Story(name, 1, f"Police said {name} was found on Monday."), "2026-03-04T00:00:00+00:00")
    with pytest.raises(RuntimeError, match="no memory"):
        night.annotate_batch([("a", 1), ("b", 1)], url, None)
    assert store.story_states() == {"new": 2}
