"""What a push asks the store of each chunk costs the same however many tasks wait: counted in steps of SQLite's machine, not in time."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import sqlalchemy as sa

from flows.store import Store
from flows.tables import tasks
from schemas.claim import Claim
from schemas.spans import cut
from schemas.story import Story

pytestmark = pytest.mark.slow
CHUNK = 20


def filled(path: Path, stories: int) -> Store:
    """A store in which each story's one claim waits to be sent."""
    store = Store(f"sqlite:///{path}")
    for n in range(stories):
        text = f"Police of town {n:05} said it rained."
        parts = (cut(text, 26, 35),), (cut(text, 21, 25),), ()
        story = Story(f"g{n:05}", 1, text)
        claim = Claim(f"k{n:05}", story.guid, 1, True, *parts, None, "indirect", "none", None, None, None, 0.9, "model:x")
        store.add_stories([story], "2026-03-04T01:00:00Z")
        store.add_claims(story, [claim])
    return store


def steps(store: Store, asks: Callable[[Store], object]) -> int:
    """Hundreds of steps that SQLite's virtual machine takes for what is asked."""
    counted = 0

    def count() -> int:
        nonlocal counted
        counted += 1
        return 0

    def connected(connection: sa.engine.interfaces.DBAPIConnection, _: object) -> None:
        connection.set_progress_handler(count, 100)  # type: ignore[attr-defined]

    engine = store.engine
    engine.dispose()
    sa.event.listen(engine, "connect", connected)
    asks(store)
    sa.event.remove(engine, "connect", connected)
    engine.dispose()
    return counted


ASKED: list[tuple[str, Callable[[Store], object]]] = [
    ("the tasks of a chunk, whole", lambda s: list(s.entries([f"k{n:05}" for n in range(CHUNK)], ("waiting",)))),
    ("handed", lambda s: s.hand([f"k{n:05}" for n in range(CHUNK)])),
    ("sent: their numbers", lambda s: s.mark_pushed({f"k{n:05}": n + 1 for n in range(CHUNK)})),
]


@pytest.fixture(scope="module")
def stores(tmp_path_factory: pytest.TempPathFactory) -> tuple[Store, Store]:
    folder = tmp_path_factory.mktemp("growth")
    return filled(folder / "small.db", 60), filled(folder / "large.db", 600)


@pytest.mark.parametrize("asks", [case[1] for case in ASKED], ids=[case[0] for case in ASKED])
def test_a_chunk_costs_the_same_in_a_large_store(asks: Callable[[Store], object], stores: tuple[Store, Store]) -> None:
    few, many = (steps(store, asks) for store in stores)
    assert many <= 1.3 * few + 5, (few, many)
    with stores[1].reading() as db:
        assert db.execute(sa.select(sa.func.count()).select_from(tasks)).scalar() == 600
