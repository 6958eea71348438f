"""One night from begin to end, without Prefect: the lock, the stations in their order, the morning page.

A station that fails is said and delays only what needs it. Killed anywhere, the next night goes on where this one was.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import UTC, datetime

from flows import night as ends
from flows import sections as _sections  # noqa: F401  puts drift and agreement on the page
from flows.batches import Batched, Key, Work, annotate_batch, batches
from flows.feed import Source
from flows.isolation import close_all
from flows.lock import Check, myself, only_night
from flows.memory import Peak
from flows.morning import morning_of, write_page
from flows.night import Night, Station
from flows.settings import Settings
from flows.store import Store
from flows.studio import Studio
from flows.webhook import tell
from schemas.errors import Busy, OnRecordError

Say = Callable[[str], None]
Result = Callable[[], Batched]
Runner = Callable[[Sequence[list[Key]], Work], Iterable[Result]]
"""Starts all batches and gives, in their order, calls that wait for each."""
_log = logging.getLogger(__name__)


def _utc_now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True)
class Shift:
    """What a night is to do. studio: opens Label Studio when it is needed; None: tasks are not pushed. clock: what time it is."""

    settings: Settings
    inputs: Sequence[Source]
    studio: Callable[[], Studio] | None
    say: Say
    limit: int | None = None
    clock: Callable[[], datetime] = field(default=_utc_now)

    def time(self) -> str:
        """What time it is, ISO 8601 in UTC."""
        return self.clock().astimezone(UTC).isoformat(timespec="seconds")


_given: ContextVar[Shift | None] = ContextVar("given", default=None)
"""Not in `flows.nightly`: Prefect sends that module's flow to other processes, and a context variable cannot go there."""


def given() -> Shift | None:
    """The shift of a night that was not scheduled: its own settings, clock and way of speaking."""
    return _given.get()


@contextmanager
def giving(shift: Shift) -> Iterator[None]:
    """Within, nights work by this shift."""
    token = _given.set(shift)
    try:
        yield
    finally:
        _given.reset(token)


def work_night(shift: Shift, runner: Runner) -> Night:
    """Works a night. Errors: Busy where another is at work on the same store; OnRecordError where the store cannot be used."""
    store, started = Store(shift.settings.store), shift.time()
    try:
        with only_night(store, started) as held:
            return _work(shift, runner, store, started, held)
    except Busy as busy:
        store.left_night(started, myself(), str(busy))
        raise
    finally:
        store.engine.dispose()


def _work(shift: Shift, runner: Runner, store: Store, started: str, held: Check) -> Night:
    night = Night()
    number = store.begin_night(started, myself())
    try:
        _stations(shift, runner, store, number, night, held)
    except BaseException as error:
        night.failures.append(f"the night ended early: {type(error).__name__}: {error}")
        raise
    finally:
        close_all()
        _close_book(shift, store, number, night)
    return night


def _stations(shift: Shift, runner: Runner, store: Store, number: int, night: Night, held: Check) -> None:
    settings, now = shift.settings, shift.time()
    with _station(store, number, night, "intake") as station:
        ends.take_in(shift.inputs, store, now, night, shift.limit)
        station.done = night.files
    shift.say(
        f"{night.files} files read: {night.stories_new} new stories, {night.stories_known} known, {len(night.quarantined)} turned away"
    )
    with _station(store, number, night, "annotate") as station:
        keys = store.waiting_stories(now)
        _annotate(shift, runner, keys, night, station)
        ends.note_held(keys, store, night)
        night.carried = store.carried_over(keys)
    held()
    if shift.studio is not None:
        with _station(store, number, night, "push") as station:
            ends.push(store, shift.studio(), night, plan=settings.plan, say=shift.say, now=shift.clock())
            station.done = night.pushed + night.already


@contextmanager
def _station(store: Store, number: int, night: Night, name: str) -> Iterator[Station]:
    """Measures a station; what it fails of is kept, and the night goes on."""
    store.at_station(number, name)
    station, began, cpu = Station(name), time.monotonic(), time.process_time()
    night.stations.append(station)
    with Peak() as peak:
        try:
            yield station
        except (OnRecordError, OSError) as error:
            night.failures.append(f"{name}: {error}")
        finally:
            station.seconds = round(time.monotonic() - began, 3)
            station.cpu_seconds = round(station.cpu_seconds + time.process_time() - cpu, 3)
    station.memory_mb += peak.megabytes
    _log.info("%s: %d done in %.1f s", name, station.done, station.seconds, extra={"station": vars(station)})


def _annotate(shift: Shift, runner: Runner, keys: Sequence[Key], night: Night, station: Station) -> None:
    """Batches to the runner; one that fails is said, and the others go on."""
    settings = shift.settings
    work = Work(settings.store, settings.model_folder, settings.story_seconds, settings.passages, settings.seed, settings.actors)
    memory: list[int] = []
    for number, result in enumerate(runner(batches(keys, settings.workers), work), 1):
        try:
            batched = result()
        except Exception as error:  # noqa: BLE001  whatever a batch dies of, the night goes on
            night.failures.append(f"batch {number}: {type(error).__name__}: {error}")
            continue
        night.annotated += batched.stories
        night.claims += batched.claims
        night.unattributed += batched.unattributed
        night.words += batched.words
        night.loads += batched.loads
        night.model = batched.model or night.model
        station.cpu_seconds += batched.cpu_seconds
        memory.append(batched.memory_mb)
        shift.say(f"{night.annotated} of {len(keys)} stories annotated, {night.claims} claims")
    station.done = night.annotated
    station.memory_mb = max(memory, default=0) * min(settings.workers, len(memory))


def _close_book(shift: Shift, store: Store, number: int, night: Night) -> None:
    """The morning page, on disk and in the store, and whoever is to be told; none of them can undo the night."""
    state = "failed" if night.failures else "done"
    try:
        night.morning = morning = morning_of(store, number, night, shift.time())
        store.end_night(number, shift.time(), state, morning.to_dict())
        night.page = write_page(morning, shift.settings.report_folder)
        tell(shift.settings.webhook_address(), morning)
    except (OnRecordError, OSError) as error:
        night.failures.append(f"report: {error}")


def on_threads(workers: int) -> Runner:
    """Batches on threads, without Prefect."""

    def run(groups: Sequence[list[Key]], work: Work) -> Iterator[Result]:
        pool = ThreadPoolExecutor(workers)
        try:
            for future in [pool.submit(annotate_batch, group, work) for group in groups]:
                yield future.result
        finally:
            pool.shutdown(cancel_futures=True)

    return run
