"""The nightly Prefect flow: it orchestrates and holds no logic of its own (that is `flows.night`)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from prefect import flow, task
from prefect.cache_policies import NO_CACHE
from prefect.task_runners import ThreadPoolTaskRunner

from flows import night as stations
from flows.night import Night
from flows.settings import Settings
from flows.store import Store
from flows.studio import Studio
from schemas.errors import OnRecordError

Say = Callable[[str], None]


@task(cache_policy=NO_CACHE, persist_result=False, task_run_name="annotate {number}", log_prints=False)
def annotate_batch(
    number: int, keys: list[tuple[str, int]], store_url: str, model: Path | None, passages: float, seed: int
) -> tuple[int, int, int]:
    """One batch of stories, on a worker; the store is the truth, so nothing is cached here."""
    return stations.annotate_batch(keys, store_url, model, passages, seed)


@flow(name="nightly", validate_parameters=False, log_prints=False)
def nightly(
    inputs: Sequence[Path],
    settings: Settings,
    studio: Studio | None,
    *,
    say: Say,
    limit: int | None = None,
    now: datetime | None = None,
) -> Night:
    """Reads the wire, splits stories into claims, pre-labels them and pushes tasks; without a studio all but the last."""
    moment = (now or datetime.now(UTC)).astimezone(UTC).isoformat(timespec="seconds")
    store, result = Store(settings.store), Night()
    stations.take_in(inputs, store, moment, result, limit)
    say(f"{result.files} files read: {result.stories_new} new stories, {result.stories_known} known, {len(result.quarantined)} turned away")
    _annotate(store.waiting_stories(moment), settings, result, say)
    if studio is not None:
        try:
            stations.push(store, studio, result, plan=settings.plan, say=say)
        except OnRecordError as error:
            result.failures.append(f"push: {error}")
    return result


def _annotate(keys: list[tuple[str, int]], settings: Settings, result: Night, say: Say) -> None:
    """Batches to the task runner; a batch that fails is said, and the others go on."""
    groups = list(stations.batches(keys))
    shared = (settings.store, settings.model, settings.passages, settings.seed)
    futures = [annotate_batch.submit(n, group, *shared) for n, group in enumerate(groups, 1)]
    for number, future in enumerate(futures, 1):
        try:
            done, attributed, outlet = future.result()
        except Exception as error:  # noqa: BLE001  whatever a batch dies of, the night goes on
            result.failures.append(f"batch {number}: {type(error).__name__}: {error}")
            continue
        result.annotated += done
        result.claims += attributed
        result.unattributed += outlet
        say(f"{result.annotated} of {len(keys)} stories annotated, {result.claims} claims")
    stations.note_held(keys, Store(settings.store), result)


def run_nightly(
    inputs: Sequence[Path],
    settings: Settings,
    studio: Studio | None,
    *,
    say: Say,
    limit: int | None = None,
    now: datetime | None = None,
) -> Night:
    """The flow on as many threads as the settings say."""
    runner: Any = ThreadPoolTaskRunner(max_workers=settings.workers)
    return nightly.with_options(task_runner=runner)(inputs, settings, studio, limit=limit, now=now, say=say)
