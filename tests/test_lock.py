"""Two nights at once: one works, the other says so and leaves; a killed one holds up nobody."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Callable

import pytest
import sqlalchemy as sa

from flows.lock import myself, only_night
from flows.store import Store
from schemas.errors import Busy, Unavailable

HOLD = """
import sys, time
from flows.lock import only_night
from flows.store import Store
with only_night(Store(sys.argv[1]), "2026-03-04T03:00:00+00:00"):
    print("held", flush=True)
    sys.stdin.read()
"""


def holder(url: str) -> subprocess.Popen[str]:
    process = subprocess.Popen([sys.executable, "-c", HOLD, url], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    return process


def free(store: Store) -> bool:
    try:
        with only_night(store, "later"):
            return True
    except Busy:
        return False


@pytest.mark.slow
def test_the_second_says_who_works_and_leaves(url: str, store: Store) -> None:
    with holder(url) as process:
        with (
            pytest.raises(Busy, match=rf"another night is at work .*process {process.pid} on .*begun 2026-03-04T03") as said,
            only_night(store, ""),
        ):
            pass
        assert "\n" not in str(said.value)
        process.communicate()
    assert free(store)


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM])
@pytest.mark.slow
def test_the_lock_dies_with_its_holder(url: str, store: Store, how: signal.Signals, wait_for: Callable[..., None]) -> None:
    with holder(url) as process:
        assert not free(store)
        process.send_signal(how)
        process.wait()
        wait_for(lambda: free(store))  # PostgreSQL sees it a moment later


def test_within_one_process_too(url: str, store: Store) -> None:
    other = Store(url)
    with only_night(store, "first") as held:
        assert not free(other)
        held()
    assert free(other)
    other.engine.dispose()


@pytest.mark.parametrize("url", [pytest.param("postgres", marks=pytest.mark.postgres)], indirect=True)
def test_a_database_that_drops_the_lock_is_noticed(store: Store) -> None:
    with only_night(store, "now") as held:
        held()
        with store.engine.connect() as other:
            other.execute(sa.text("SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory'"))
        with pytest.raises(Unavailable, match="dropped the night's lock"):
            held()


def test_nights_are_kept(store: Store) -> None:
    first = store.begin_night("2026-03-04T03:00:00+00:00", myself())
    store.at_station(first, "annotate")
    second = store.begin_night("2026-03-05T03:00:00+00:00", myself())  # so the first was lost
    store.left_night("2026-03-05T03:00:07+00:00", "process 7 on there", "busy")
    store.end_night(second, "2026-03-05T03:10:00+00:00", "done", {"figures": {"claims": 3}})
    rows = store.nights(7)
    assert [(r.state, r.station) for r in rows] == [("left", "busy"), ("done", "intake"), ("lost", "annotate")]
    assert rows[1].page == {"figures": {"claims": 3}}
    assert [r.number for r in store.nights_after(first)] == [second, second + 1]
    assert store.nights(7, before=second) == rows[2:]
