"""The same night on threads, processes, a Dask and a Ray cluster of several processes: the same store, bit for bit."""

from __future__ import annotations

import json
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest
import sqlalchemy as sa

from flows import batches
from flows.settings import Settings
from flows.store import Store
from flows.tables import claims, stories, tasks
from schemas.errors import MissingExtra

WIRE = Path(__file__).resolve().parent.parent / "examples" / "wire"
NOW = datetime(2026, 3, 8, 3, tzinfo=UTC)
WORKERS = 2


def contents(url: str) -> str:
    """Every row of stories, claims and tasks, in one order."""
    store = Store(url)
    with store.engine.connect() as db:
        rows = {t.name: sorted(json.dumps([*r], sort_keys=True) for r in db.execute(sa.select(t))) for t in (stories, claims, tasks)}
    store.engine.dispose()
    return json.dumps(rows)


@pytest.fixture(scope="module")
def on_threads(tmp_path_factory: pytest.TempPathFactory) -> str:
    """What the night leaves without Prefect."""
    from flows.shift import Shift, on_threads, work_night

    settings = Settings(data=tmp_path_factory.mktemp("plain"), workers=WORKERS, _env_file=None)
    night = work_night(Shift(settings, [WIRE], None, say=lambda _: None, clock=lambda: NOW), on_threads(WORKERS))
    assert night.claims > 100
    return contents(settings.store)


@pytest.mark.cluster
@pytest.mark.prefect
@pytest.mark.usefixtures("prefect_server")
@pytest.mark.parametrize("runner", ["threads", "processes", "dask", "ray"])
def test_the_same_store(runner: str, on_threads: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from flows.nightly import run_nightly

    monkeypatch.setattr(batches, "BATCH", 4 * WORKERS)  # several batches for each worker
    settings = Settings(data=tmp_path, workers=WORKERS, runner=runner, _env_file=None)
    night = run_nightly([WIRE], settings, None, now=NOW, say=lambda _: None)
    assert night.failures == []
    assert 1 <= night.loads <= WORKERS  # of at least four batches: the model is loaded once a worker
    assert contents(settings.store) == on_threads


@pytest.mark.parametrize(("runner", "module"), [("dask", "prefect_dask"), ("ray", "prefect_ray")])
def test_a_missing_extra_is_named(runner: str, module: str, monkeypatch: pytest.MonkeyPatch) -> None:
    from flows.runners import task_runner

    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(MissingExtra, match=rf"pip install 'onrecord\[{runner}\]'"):
        task_runner(Settings(runner=runner, _env_file=None))


@pytest.mark.slow
def test_a_night_goes_on_without_prefect(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from flows import nightly
    from flows.shift import Shift

    def fails(_: Shift) -> None:
        raise RuntimeError("Timed out while attempting to connect to ephemeral Prefect API server.\nmore")

    monkeypatch.setattr(nightly, "run_shift", fails)
    said: list[str] = []
    settings = Settings(data=tmp_path, workers=1, _env_file=None)
    night = nightly.run_anyway(Shift(settings, [WIRE / "17-march.txt"], None, say=said.append, clock=lambda: NOW))
    assert (night.annotated, night.failures) == (1, [])
    assert said[0].startswith("Prefect fails (Timed out while attempting")
