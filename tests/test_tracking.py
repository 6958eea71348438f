"""MLflow as a second target of retraining: a real local store holds what the registry's record says."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from annotators.registry import Entry
from flows.tracking import EXPERIMENT, check_tracking, track
from schemas.errors import MissingExtra, Unavailable

RECORD = {
    "start": "shipped",
    "against": "shipped",
    "why": "nothing is better beyond the interval",
    "data": {"export": "out", "files": {"train.parquet": "ab" * 32}},
    "recipe": {"epochs": 2, "encoder_rate": 1e-4, "width": None},
    "judge recipe": {"epochs": 2},
    "curve": [{"epoch": 1, "loss": 0.9, "score": 490.5}, {"epoch": 2, "loss": 0.7, "score": 492.0}],
    "judge curve": [{"epoch": 1, "loss": 0.4}],
    "figures": {"exact": {"cue": 84.6}, "judge, held-out passages": {"role": {"macro_f1": 61.0, "confusion": {"expert": {"expert": 3}}}}},
    "gate": [{"name": "relation lenient, Meridian (AP)", "stories": 9, "before": 80.0, "after": 81.5, "low": -0.5, "high": 3.0}],
}


@pytest.fixture
def entry(tmp_path: Path) -> Entry:
    folder = tmp_path / "retrained-1"
    folder.mkdir()
    (folder / "README.md").write_text("# the card\n")
    return Entry("retrained-1", folder, False, RECORD)


@pytest.mark.slow
def test_a_local_store_holds_the_record(entry: Entry, tmp_path: Path) -> None:
    pytest.importorskip("mlflow", reason="needs the extra `mlflow`")
    from mlflow.tracking import MlflowClient

    address = f"sqlite:///{tmp_path / 'mlflow.db'}"
    check_tracking(address)
    number = track(entry, address)
    assert track(replace(entry, current=True), address) == number  # told again, the same run
    assert (tmp_path / "mlartifacts" / number).is_dir()
    client = MlflowClient(tracking_uri=address)
    experiment = client.get_experiment_by_name(EXPERIMENT)
    assert experiment is not None
    (run,) = client.search_runs([experiment.experiment_id])
    assert run.info.status == "FINISHED"
    assert run.data.params["recipe/encoder_rate"] == "0.0001"
    assert run.data.tags["in use"] == "true"
    assert run.data.tags["why"] == RECORD["why"]
    assert run.data.metrics["figures/exact/cue"] == 84.6
    assert run.data.metrics["gate/relation lenient_ Meridian _AP_/after"] == 81.5
    assert [(m.step, m.value) for m in client.get_metric_history(number, "curve/loss")] == [(1, 0.9), (2, 0.7)]
    kept = {a.path: Path(client.download_artifacts(number, a.path, str(tmp_path))).read_text() for a in client.list_artifacts(number)}
    assert json.loads(kept["data.json"]) == RECORD["data"]
    assert json.loads(kept["record.json"]) == RECORD
    assert kept["README.md"] == "# the card\n"


def test_a_store_that_cannot_be_told_is_said_in_a_line(entry: Entry, tmp_path: Path) -> None:
    pytest.importorskip("mlflow", reason="needs the extra `mlflow`")
    (tmp_path / "no.db").write_text("no database at all, whatever its name says")
    with pytest.raises(Unavailable, match=r"MLflow \(ONRECORD_MLFLOW\): .*retrained-1 is in the registry all the same") as caught:
        track(entry, f"sqlite:///{tmp_path / 'no.db'}")
    assert "\n" not in str(caught.value)


def test_a_missing_extra_is_said_before_the_training(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("flows.tracking.find_spec", lambda name: None)
    check_tracking("")
    with pytest.raises(MissingExtra, match="install the extra `mlflow`"):
        check_tracking("sqlite:///mlflow.db")
