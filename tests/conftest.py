"""What several tests share: a real Label Studio server, and projects on it."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from flows.settings import Settings, prepare_prefect
from flows.studio import Studio
from flows.studio_server import DATABASE, RunningStudio, ensure_running, stop
from schemas.errors import Unavailable
from schemas.studio_config import labeling_config

NO_SKIPS = "ONRECORD_NO_SKIPS"
"""Environment variable: markers, parted by spaces, of tests that must not be skipped (CI has all they need)."""
ROOT = Path(__file__).resolve().parent.parent
TEMPLATE = ROOT / ".cache" / "label-studio-template-1.23.2"


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Iterator[None]:
    """Turns a skip into a failure where the environment says that there is no reason for it."""
    report = yield
    if report.skipped and any(item.get_closest_marker(name) for name in os.environ.get(NO_SKIPS, "").split()):
        report.outcome = "failed"
        report.longrepr = f"{item.nodeid} was skipped, and {NO_SKIPS} forbids it: {report.longrepr}"
    return report


def wait_until(condition: Callable[[], object], seconds: float = 60.0) -> None:
    """Waits until something holds; fails after a deadline."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.02)


@pytest.fixture(scope="session")
def wait_for() -> Callable[..., None]:
    """`wait_until`, since a test file cannot import from this one."""
    return wait_until


@pytest.fixture(scope="session")
def prefect_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of Prefect's own test server, set up as `prepare_prefect` sets Prefect up: it calls nobody."""
    prepare_prefect(Settings(data=tmp_path_factory.mktemp("prefect"), _env_file=None))
    from prefect.settings import PREFECT_API_URL, PREFECT_FLOWS_HEARTBEAT_FREQUENCY, temporary_settings
    from prefect.testing.utilities import prefect_test_harness

    with prefect_test_harness(server_startup_timeout=120), temporary_settings({PREFECT_FLOWS_HEARTBEAT_FREQUENCY: None}):
        yield str(PREFECT_API_URL.value())


@pytest.fixture(scope="session")
def label_studio() -> Path:
    """Label Studio's executable."""
    path = ROOT / ".venv-label-studio" / "bin" / "label-studio"
    if not path.exists():
        pytest.skip("Label Studio is not installed; `make label-studio` installs it")
    return path


@pytest.fixture(scope="session")
def studio_template(label_studio: Path) -> Path:
    """The data folder of a server after its first start. Kept between runs, since a first start takes a minute."""
    if not TEMPLATE.exists():
        home = TEMPLATE.with_name(f"{TEMPLATE.name}.{os.getpid()}")
        shutil.rmtree(home, ignore_errors=True)
        _start_and_kill(home, label_studio)  # a template made the hard way shows that an interrupted first start is mended
        ensure_running(home, label_studio, say=print)
        stop(home)
        home.rename(TEMPLATE)
    return TEMPLATE


def _start_and_kill(home: Path, executable: Path) -> None:
    """A first start, killed in the middle of its migrations."""

    def start() -> None:
        with contextlib.suppress(Unavailable):  # says that the server ended
            ensure_running(home, executable, say=print)

    starter = threading.Thread(target=start)
    starter.start()
    database = home / DATABASE
    wait_until(lambda: database.exists() and database.stat().st_size > 200_000)
    os.killpg(json.loads((home / "server.json").read_text())["pid"], signal.SIGKILL)
    starter.join()


@pytest.fixture(scope="session")
def studio(studio_template: Path, label_studio: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningStudio]:
    """A running server on a copy of the template."""
    home = tmp_path_factory.mktemp("studio") / "label-studio"
    shutil.copytree(studio_template, home)
    yield ensure_running(home, label_studio, say=print)
    stop(home)


@pytest.fixture
def client(studio: RunningStudio) -> Iterator[Studio]:
    """The client of the server."""
    with Studio(studio.url, studio.token) as client:
        yield client


@pytest.fixture
def project(client: Studio) -> int:
    """A fresh project with the real labeling config."""
    return client.ensure_project(f"test {uuid.uuid4().hex[:12]}", labeling_config())
