"""Tells MLflow of a retraining, beside the plain registry, which stays the truth: parameters, curves, figures, data, card.

Where `ONRECORD_MLFLOW` is empty nothing is told. A model that was told of before is told of again in the same run.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from sqlalchemy.exc import SQLAlchemyError

from annotators.registry import Entry
from schemas.errors import MissingExtra, Unavailable

EXPERIMENT = "onrecord"
_LONGEST = 500
"""Characters of a parameter."""
Json = dict[str, Any]


def check_tracking(address: str) -> None:
    """Says before the training what would fail after it. Errors: MissingExtra without MLflow."""
    if address and find_spec("mlflow") is None:
        raise MissingExtra("ONRECORD_MLFLOW is set and mlflow is not installed: install the extra `mlflow`, or unset it")


def track(entry: Entry, address: str) -> str:
    """Tells an MLflow store or server of a model of the registry. Gives the run's id. Errors: Unavailable where it cannot be told."""
    os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")  # or it tells its makers too
    from mlflow import MlflowException
    from mlflow.tracking import MlflowClient

    try:
        client = MlflowClient(tracking_uri=address)
        known = client.get_experiment_by_name(EXPERIMENT)
        experiment = known.experiment_id if known else client.create_experiment(EXPERIMENT, _beside(address))
        told = client.search_runs([experiment], f"tags.`onrecord.model` = '{entry.name}'")
        run = told[0].info.run_id if told else client.create_run(experiment, run_name=entry.name).info.run_id
        _tell(client, run, entry, new=not told)
        client.set_terminated(run)
    except (MlflowException, SQLAlchemyError, OSError) as error:
        why = str(error).splitlines()[0]
        raise Unavailable(
            f"MLflow (ONRECORD_MLFLOW): {why.replace(address, 'the store')}; {entry.name} is in the registry all the same"
        ) from error
    return str(run)


def _beside(address: str) -> str | None:
    """Where the files of a SQLite store lie: beside it, and not wherever the command was given; None: where the server says."""
    path = address.removeprefix("sqlite:///")
    return None if path == address else (Path(path).resolve().parent / "mlartifacts").as_uri()


def _tell(client: Any, run: str, entry: Entry, *, new: bool) -> None:
    record = entry.record
    for name, value in {"onrecord.model": entry.name, **{k: record.get(k, "") for k in ("against", "why", "start")}}.items():
        client.set_tag(run, name, value)
    client.set_tag(run, "in use", str(entry.current).lower())
    if not new:
        return
    for name, value in {**_flat("recipe", record.get("recipe") or {}), **_flat("judge recipe", record.get("judge recipe") or {})}.items():
        client.log_param(run, name, str(value)[:_LONGEST])
    for curve in ("curve", "judge curve"):
        for epoch in record.get(curve, ()):
            for name, value in _numbers(_flat(curve, {k: v for k, v in epoch.items() if k != "epoch"})):
                client.log_metric(run, name, value, step=int(epoch["epoch"]))
    for name, value in _numbers(_flat("figures", record.get("figures", {}))):
        client.log_metric(run, name, value)
    for figure in record.get("gate", ()):
        for name, value in _numbers(_flat(f"gate/{figure['name']}", {k: v for k, v in figure.items() if k != "name"})):
            client.log_metric(run, name, value)
    client.log_dict(run, record.get("data", {}), "data.json")
    client.log_dict(run, record, "record.json")
    if (card := entry.folder / "README.md").is_file():
        client.log_artifact(run, str(card))


def _flat(prefix: str, values: Mapping[str, Any]) -> Json:
    """Names as MLflow takes them, nested ones with a slash."""
    found: Json = {}
    for name, value in values.items():
        path = re.sub(r"[^\w. /-]", "_", f"{prefix}/{name}")
        found |= _flat(path, value) if isinstance(value, Mapping) else {path: value}
    return found


def _numbers(values: Json) -> Iterator[tuple[str, float]]:
    return ((name, float(value)) for name, value in values.items() if isinstance(value, int | float) and not isinstance(value, bool))
