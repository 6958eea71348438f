"""The nightly Prefect flow: it orchestrates and holds no logic of its own (that is `flows.shift`).

The result of a scheduled night is its state: Completed, Failed, or Cancelled where another night was at work.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from prefect import flow, task
from prefect.artifacts import create_markdown_artifact, create_progress_artifact, create_table_artifact, update_progress_artifact
from prefect.cache_policies import NO_CACHE
from prefect.client.schemas import State
from prefect.states import Cancelled, Completed, Failed

from flows.batches import Batched, Key, Work, annotate_batch
from flows.connecting import connect
from flows.feed import Source
from flows.logs import set_up_logs
from flows.morning import markdown
from flows.night import Night
from flows.runners import task_runner
from flows.settings import Settings, load_settings
from flows.shift import Result, Shift, given, giving, on_threads, work_night
from flows.studio import Studio
from schemas.errors import Busy, OnRecordError

Say = Callable[[str], None]
STEPS = 50
"""Times at most that a night's progress is told to Prefect: each takes 15 ms."""
_log = logging.getLogger(__name__)


@task(name="annotate", cache_policy=NO_CACHE, persist_result=False, task_run_name="annotate batch {number}", tags=["onrecord", "model"])
def annotate(number: int, keys: list[Key], work: Work) -> Batched:
    """One batch of stories, on a worker; the store is the truth, so nothing is cached here."""
    return annotate_batch(keys, work)


def _run_name() -> str:
    return f"night of {datetime.now(UTC):%Y-%m-%d %H:%M}"


@flow(name="nightly", flow_run_name=_run_name, task_runner=task_runner(load_settings()), persist_result=False, retries=0)
def nightly(inputs: list[str | Path] | None = None, limit: int | None = None, push: bool = True, now: datetime | None = None) -> State[Any]:
    """One night: reads the wire, splits stories into claims, pre-labels them and pushes tasks.

    inputs: files and folders; default: the wire's folder of the settings. limit: files at most. push: false stops before Label Studio.
    now: what time it is all night (embargoes, the page); default: the clock.
    """
    shift = given() or _scheduled(inputs, limit, push, now)
    try:
        night = work_night(shift, _submitted)
    except Busy as busy:
        return Cancelled(message=str(busy))
    _artifacts(night)
    said = f"{night.stories_new} new stories, {night.claims} claims, {night.pushed} tasks out"
    if night.failures:
        return Failed(message=f"{said}; {'; '.join(night.failures)}"[:2000], data=night)
    return Completed(message=said, data=night)


def _scheduled(inputs: list[str | Path] | None, limit: int | None, push: bool, now: datetime | None) -> Shift:
    settings = load_settings()
    set_up_logs(settings)
    studio = (lambda: connect(settings)) if push else None
    return Shift(settings, inputs or [settings.wire_folder], studio, say=_log.info, limit=limit, **_clock(now))


def _submitted(groups: Sequence[list[Key]], work: Work) -> Iterator[Result]:
    """All batches to the flow's task runner, and its progress on Prefect's page."""
    if not groups:
        return
    futures = [annotate.submit(number, group, work) for number, group in enumerate(groups, 1)]
    progress: Any = create_progress_artifact(progress=0, key="annotation", description=f"{len(groups)} batches of stories annotated")
    every = max(1, len(groups) // STEPS)
    for number, future in enumerate(futures, 1):
        yield future.result
        if number % every == 0 or number == len(groups):
            update_progress_artifact(progress, progress=100 * number / len(groups))


def _artifacts(night: Night) -> None:
    """The morning page and its stations on Prefect's page; a night is done whether they can be shown or not."""
    if night.morning is None:
        return
    try:
        create_markdown_artifact(markdown(night.morning), key="morning-page", description=night.morning.headline)
        create_table_artifact([vars(station) for station in night.stations], key="stations", description=night.morning.headline)
    except Exception as error:  # noqa: BLE001  whatever Prefect's client raises where its server is gone
        _log.warning("the morning page is not on Prefect's page: %s", error)


def run_nightly(
    inputs: Sequence[Source],
    settings: Settings,
    studio: Studio | None,
    *,
    say: Say,
    limit: int | None = None,
    now: datetime | None = None,
) -> Night:
    """The flow at once, with these settings; now: what time it is all night. Errors: Busy where another night is at work."""
    return run_shift(Shift(settings, inputs, (lambda: studio) if studio else None, say=say, limit=limit, **_clock(now)))


def _clock(now: datetime | None) -> dict[str, Any]:
    return {"clock": lambda: now} if now else {}


def run_shift(shift: Shift) -> Night:
    """The flow at once, by a shift. Errors: Busy where another night is at work."""
    runner = task_runner(shift.settings)
    with giving(shift):
        state: Any = nightly.with_options(task_runner=runner)(list(shift.inputs), shift.limit, shift.studio is not None, return_state=True)
    if state.is_cancelled():
        raise Busy(state.message or "another night is at work")
    night = state.result(raise_on_failure=False)
    if isinstance(night, Exception):
        raise night
    return night


def run_anyway(shift: Shift) -> Night:
    """The flow at once; where Prefect fails (its server does not start, or dies), the night goes on without it."""
    try:
        return run_shift(shift)
    except OnRecordError:
        raise
    except Exception as error:  # noqa: BLE001  whatever Prefect's client raises
        reason = (str(error) or type(error).__name__).splitlines()[0][:200]
        shift.say(f"Prefect fails ({reason}); the night goes on without it")
        return work_night(shift, on_threads(shift.settings.workers))
