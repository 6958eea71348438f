"""What several tests share: a real Label Studio server, and projects on it."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from flows.settings import Settings, prepare_prefect
from flows.store import Store
from flows.studio import Studio
from flows.studio_server import DATABASE, RunningStudio, ensure_running, stop
from schemas.errors import Unavailable
from schemas.studio_config import labeling_config
from tests.desk import Desk

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
    (home / "server.json").unlink(missing_ok=True)  # else every copy asks for the template's port
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


@pytest.fixture
def desk(studio: RunningStudio, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Desk]:
    """A desk with an empty store; its name, and with it what is drawn by key, is the test's alone and the same in every run."""
    name = f"desk {hashlib.sha256(request.node.nodeid.encode()).hexdigest()[:8]}"
    headers = {"Authorization": f"Token {studio.token}"}
    with (
        Studio(studio.url, studio.token, title=name) as client,
        httpx.Client(base_url=studio.url, headers=headers, trust_env=False, timeout=60) as http,
    ):
        yield Desk(Store(f"sqlite:///{tmp_path / 'store.db'}"), client, http, name)


# The store's databases


@pytest.fixture(scope="session")
def postgres() -> Iterator[Path]:
    """The folder of a PostgreSQL server's socket. The server refuses root, so that root starts it as the user `postgres`."""
    programs = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    if not programs:
        pytest.skip("no PostgreSQL server under /usr/lib/postgresql/*/bin; Debian's package postgresql has one")
    root = os.geteuid() == 0
    if root and "postgres" not in {user.pw_name for user in pwd.getpwall()}:
        pytest.skip("a PostgreSQL server cannot run as root, and there is no user postgres")
    # not pytest's own folder: that is closed to other users, and a socket's path must be short
    folder = Path(tempfile.mkdtemp(prefix="onrecord-pg-"))
    if root:
        shutil.chown(folder, "postgres", "postgres")

    def call(program: str, *arguments: str | Path) -> None:
        user: dict[str, Any] = {"user": "postgres", "group": "postgres", "extra_groups": []} if root else {}
        # the server inherits standard output: into a file, for a pipe would never end
        with (folder.with_suffix(".log")).open("a") as log:
            done = subprocess.run(
                [programs[-1].with_name(program), *arguments],
                cwd=folder,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                timeout=90,
                **user,
            )
        assert done.returncode == 0, folder.with_suffix(".log").read_text()

    data = folder / "data"
    try:
        call("initdb", "-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync")
        call("pg_ctl", "start", "-w", "-t", "60", "-D", data, "-o", f"-k {folder} -c listen_addresses= -c fsync=off")
        try:
            yield folder
        finally:
            call("pg_ctl", "stop", "-w", "-m", "immediate", "-D", data)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        folder.with_suffix(".log").unlink(missing_ok=True)


def _empty_database(folder: Path) -> str:
    import psycopg

    with psycopg.connect(host=str(folder), user="postgres", dbname="postgres", autocommit=True) as server:
        server.execute("DROP SCHEMA public CASCADE")
        server.execute("CREATE SCHEMA public")
    return f"postgresql+psycopg://postgres@/postgres?host={folder}"


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of an empty database."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'data' / 'onrecord.db'}"
    return _empty_database(request.getfixturevalue("postgres"))


@pytest.fixture
def store(url: str) -> Iterator[Store]:
    store = Store(url)
    yield store
    store.engine.dispose()
