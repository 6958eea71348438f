"""The other scheduled flows; like `flows.nightly` they orchestrate and hold no logic of their own."""

from __future__ import annotations

import itertools
import logging
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from prefect import flow, get_client
from prefect.client.schemas.filters import FlowRunFilter, FlowRunFilterStartTime
from prefect.client.schemas.objects import State
from prefect.states import Completed, Failed

from flows.connecting import connect
from flows.desk_commands import roll_out_model
from flows.housekeeping import tidy
from flows.pulling import pull as pull_reviews
from flows.retraining import retrain as retrain_models
from flows.settings import load_settings
from flows.store import Store
from schemas.errors import OnRecordError

RUNS = timedelta(days=30)
"""How long Prefect keeps what it ran."""
_PAGE = 200
_log = logging.getLogger(__name__)


@flow(name="pull", persist_result=False, retries=0)
def pull() -> State[Any]:
    """Brings reviews from Label Studio into the store: new, changed and deleted ones."""
    settings = load_settings()
    result = pull_reviews(Store(settings.store), connect(settings))
    said = f"{result.tasks} tasks changed, {result.reviews} reviews new, changed or gone"
    if result.unread:
        said += f"; lines of missed claims to correct: {len(result.unread)}"
    if result.faults:
        return Failed(message=f"{said}; not taken: {'; '.join(itertools.chain.from_iterable(result.faults.values()))}"[:2000])
    return Completed(message=said)


@flow(name="retrain", persist_result=False, retries=0)
def retrain(data: Path | None = None, base: list[Path] = [], gold: list[Path] = [], epochs: int = 3) -> State[Any]:  # noqa: B006  Prefect's own way
    """Trains on the newest export, and shows the new model on open tasks where it passes the gate; else the one in use stays."""
    settings = load_settings()
    if data is None and Store(settings.store).newest_export() is None:
        return Completed(message="nothing has been exported yet; nothing to learn from")
    done = retrain_models(settings, data, base, gold, epochs, _log.info)
    if not done.verdict.promoted:
        return Completed(message=f"{done.name} does not pass, the model in use stays: {done.verdict.why}")
    try:
        roll_out_model(None)
    except (OnRecordError, SystemExit) as error:
        why = error if isinstance(error, OnRecordError) else "some tasks could not be shown anew"
        return Failed(message=f"{done.name} is in use, but not on all open tasks: {why}; `onrecord rollout` goes on with that")
    return Completed(message=f"{done.name} is in use and rolled out: {done.verdict.why}")


@flow(name="housekeeping", persist_result=False, retries=0)
def housekeeping() -> State[Any]:
    """Copies the store, and removes old copies, old morning pages and Prefect's old runs."""
    now = datetime.now(UTC)
    said = tidy(load_settings(), now)
    return Completed(message=f"{said}; {_forget_runs(now - RUNS)} old runs forgotten by Prefect")


def _forget_runs(before: datetime) -> int:
    old = FlowRunFilter(start_time=FlowRunFilterStartTime.model_validate({"before_": before}))
    forgotten = 0
    with get_client(sync_client=True) as client:
        while runs := client.read_flow_runs(flow_run_filter=old, limit=_PAGE):
            for run in runs:
                client.delete_flow_run(run.id)
            forgotten += len(runs)
    return forgotten
