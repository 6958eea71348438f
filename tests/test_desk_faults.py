"""A seeded sample of the schedules of faults that `make desk-faults` runs in full, and that a schedule can find something wrong."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

import flows.studio_tasks
from benchmarks.desk_faults import Rig, Server
from benchmarks.faulty_proxy import Fault, Schedule, faulty

pytestmark = pytest.mark.studio


HAPPENED: list[Any] = []
"""The faults met in all schedules of the sample."""


@pytest.fixture(scope="module")
def server(studio_template: Path, label_studio: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server that may be killed."""
    server = Server(tmp_path_factory.mktemp("faults"), studio_template)
    yield server
    server.stop()


@pytest.mark.parametrize("seed", range(15))
def test_after_faults_and_one_clean_run_all_is_as_people_left_it(seed: int, server: Server, tmp_path: Path) -> None:
    outcome = Rig(seed, server.running, tmp_path, server.restart).run()
    HAPPENED.extend(outcome.happened)
    assert outcome.wrong == []


def test_the_faults_of_the_sample_did_happen() -> None:
    """A run may end before its schedule's first fault; the sample as a whole may not."""
    if not HAPPENED:
        pytest.skip("no schedule was run before this test")
    assert len(HAPPENED) > 15


def test_a_desk_that_does_not_sweep_is_found_out(server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two runs at once, and nobody who removes the doubles."""
    monkeypatch.setattr(flows.studio_tasks, "sweep", lambda api, project, found: (found, 0))
    rig = Rig(1000, server.running, tmp_path, None)
    rig.schedule.to_any, rig.schedule.to_writes = {}, {}
    real: Any = rig.clean.push

    def twice(project: int, tasks: list[Any], **more: Any) -> Any:
        rig.clean._api.once("POST", f"/api/projects/{project}/import", body=tasks)
        return real(project, tasks, **more)

    monkeypatch.setattr(rig.clean, "push", twice)
    outcome = rig.run()
    assert any("is there 2 times" in fault for fault in outcome.wrong)


@pytest.mark.parametrize("fault", [f for f in Fault if f is not Fault.RESTART])
def test_the_proxy_does_what_it_is_told(fault: Fault, server: Server) -> None:
    schedule = Schedule({1: fault}, slow=0.2)
    with faulty(server.running.url, schedule) as url, httpx.Client(base_url=url, trust_env=False, timeout=30) as client:
        assert client.get("/health").json() == {"status": "UP"}
        try:
            answer = client.get("/health")
            told = f"{answer.status_code} {answer.headers.get('retry-after', '')}".strip()
            assert answer.content != b'{"status":"UP"}'
        except httpx.RemoteProtocolError:
            told = "no answer"
        assert client.get("/health").json() == {"status": "UP"}
    expected = {Fault.UNAUTHORIZED: "401", Fault.TOO_MANY: "429 1", Fault.GARBLED: "200"}
    assert told == expected.get(fault, fault[:3] if fault[0] == "5" else "no answer")
    assert schedule.happened == [(fault, "GET /health")]
