"""The local Label Studio server as a process: once, ours, found again, stopped; no secret where others can read it."""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import socket
import sqlite3
import stat
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from flows.processes import Process, birth, start_detached
from flows.studio_server import DATABASE, RunningStudio, ensure_running, running, stop
from schemas.errors import BadInput, Unavailable

Wait = Callable[..., None]


def program(folder: Path, text: str) -> Path:
    """An executable that stands where Label Studio would."""
    path = folder / "program"
    path.write_text(text)
    path.chmod(0o755)
    return path


@pytest.fixture
def dies(tmp_path: Path) -> Path:
    return program(tmp_path, "#!/bin/sh\necho 'no such table: users'\nexit 3\n")


# The real server


@pytest.mark.studio
def test_a_second_start_finds_the_first(studio: RunningStudio, label_studio: Path) -> None:
    home = Path(Path(f"/proc/{studio.pid}/environ").read_text().partition("LABEL_STUDIO_BASE_DATA_DIR=")[2].partition("\0")[0])
    said: list[str] = []
    again = ensure_running(home, label_studio, port=1025, say=said.append)
    assert not again.started
    assert (again.pid, again.url, again.token) == (studio.pid, studio.url, studio.token)
    assert running(home) == again
    assert said == [f"Label Studio runs on port {studio.url.rpartition(':')[2]} already; stop it first to start it on port 1025"]


@pytest.mark.studio
def test_it_listens_on_loopback_only_and_shows_no_secret(studio: RunningStudio) -> None:
    port = int(studio.url.rpartition(":")[2])
    rows = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    assert {row[1] for row in rows if row[3] == "0A" and row[1].endswith(f":{port:04X}")} == {f"0100007F:{port:04X}"}
    arguments = Path(f"/proc/{studio.pid}/cmdline").read_text()
    assert studio.token not in arguments
    assert studio.password not in arguments
    assert studio.token not in repr(studio)
    assert studio.password not in repr(studio)


@pytest.mark.studio
def test_a_person_can_log_in(studio: RunningStudio) -> None:
    with httpx.Client(base_url=studio.url, trust_env=False) as browser:
        page = browser.get("/user/login/").text
        hidden = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page)
        assert hidden
        form = {"csrfmiddlewaretoken": hidden[1], "email": studio.email, "password": studio.password}
        browser.post("/user/login/", data=form)
        assert browser.get("/api/current-user/whoami").json()["email"] == studio.email


@pytest.mark.studio
def test_a_recycled_pid_is_no_server_and_the_port_is_kept(studio_template: Path, label_studio: Path, tmp_path: Path) -> None:
    home = tmp_path / "home"
    shutil.copytree(studio_template, home)
    port = 32_000 + os.getpid() % 700
    (home / "server.json").write_text(json.dumps({"pid": os.getpid(), "birth": "another boot:1", "port": port}))
    assert running(home) is None
    server = ensure_running(home, label_studio, say=print)
    try:
        assert server.started
        assert server.url == f"http://127.0.0.1:{port}"
        assert os.getsid(server.pid) == server.pid, "it would end with this session"
    finally:
        assert stop(home)
    assert running(home) is None
    assert birth(server.pid) is None
    assert not stop(home)


# What does not need it


def test_secrets_are_the_owners_from_the_first_moment(tmp_path: Path, dies: Path) -> None:
    home = tmp_path / "home"
    before = os.umask(0)
    try:
        with pytest.raises(Unavailable):
            ensure_running(home, dies, say=print)
    finally:
        os.umask(before)
    assert stat.S_IMODE(home.stat().st_mode) == 0o700
    assert {p.name: oct(stat.S_IMODE(p.stat().st_mode)) for p in home.iterdir() if p.suffix} == {
        "credentials.json": "0o600",
        "server.json": "0o600",
        "server.log": "0o600",
    }
    account = json.loads((home / "credentials.json").read_text())
    assert re.fullmatch("[0-9a-f]{40}", account["token"])
    assert len(account["password"]) >= 20


def test_a_server_that_dies_while_starting_is_said_at_once(tmp_path: Path, dies: Path) -> None:
    begun = time.monotonic()
    with pytest.raises(Unavailable, match=r"(?s)ended while it was starting.*no such table: users"):
        ensure_running(tmp_path / "home", dies, say=print)
    assert time.monotonic() - begun < 5


@pytest.mark.slow
def test_a_server_that_never_answers_is_ended(tmp_path: Path) -> None:
    silent = program(tmp_path, "#!/bin/sh\necho waiting for nobody\nexec sleep 600\n")
    with pytest.raises(Unavailable, match=r"(?s)did not answer within 1 s on port \d+.*waiting for nobody"):
        ensure_running(tmp_path / "home", silent, say=print, timeout=1.0)
    assert running(tmp_path / "home") is None


def test_another_server_on_the_port_is_not_taken_for_ours(tmp_path: Path) -> None:
    other = program(
        tmp_path,
        f"""#!{sys.executable}
import http.server, sys
class Other(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200); self.end_headers()
        self.wfile.write(b'{{"status": "UP", "email": "somebody@else"}}')
http.server.HTTPServer(("127.0.0.1", int(sys.argv[-1])), Other).serve_forever()
""",
    )
    with pytest.raises(Unavailable, match=r"another server took port \d+"):
        ensure_running(tmp_path / "home", other, say=print)
    assert running(tmp_path / "home") is None


def test_a_port_in_use_is_named(tmp_path: Path, dies: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(BadInput, match=rf"port {port} is in use by another program; end that, or give another port or none"):
            ensure_running(tmp_path / "home", dies, port=port, say=print)
    with pytest.raises(BadInput, match="port 70000 does not exist"):
        ensure_running(tmp_path / "home", dies, port=70_000, say=print)


def test_a_missing_program_names_what_installs_it(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"No such file or directory.*make label-studio"):
        ensure_running(tmp_path / "home", tmp_path / "label-studio", say=print)


def test_a_folder_that_cannot_be_used_is_named(tmp_path: Path, dies: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(BadInput, match=r"data folder .*file cannot be used"):
        ensure_running(tmp_path / "file", dies, say=print)


def test_the_data_of_another_label_studio_are_left_alone(tmp_path: Path, dies: Path) -> None:
    (tmp_path / DATABASE).write_text("somebody's work")
    with pytest.raises(BadInput, match="was not started from here; choose another folder"):
        ensure_running(tmp_path, dies, say=print)
    assert (tmp_path / DATABASE).read_text() == "somebody's work"


@pytest.mark.parametrize(
    ("confirmed", "script", "kept"),
    [
        (False, "CREATE TABLE django_migrations (id)", False),  # cut off in the middle of the migrations
        (False, "CREATE TABLE project (id)", False),  # cut off after them
        (False, "CREATE TABLE project (id); INSERT INTO project VALUES (1)", True),  # the command was cut off, the server was used
        (True, "CREATE TABLE project (id)", True),  # used, and emptied since
    ],
)
def test_only_an_unfinished_first_start_is_begun_anew(tmp_path: Path, dies: Path, confirmed: bool, script: str, kept: bool) -> None:
    account = {"email": "a@localhost", "password": "p", "token": "0" * 40, "confirmed": confirmed}
    (tmp_path / "credentials.json").write_text(json.dumps(account))
    with contextlib.closing(sqlite3.connect(tmp_path / DATABASE)) as database:
        database.executescript(script)
    with pytest.raises(Unavailable):
        ensure_running(tmp_path, dies, say=print)
    assert (tmp_path / DATABASE).exists() is kept
    assert json.loads((tmp_path / "credentials.json").read_text()) == account


def test_damaged_credentials_are_not_made_up_anew(tmp_path: Path, dies: Path) -> None:
    (tmp_path / "credentials.json").write_text('{"token": ')
    with pytest.raises(BadInput, match=r"credentials.json cannot be understood"):
        ensure_running(tmp_path, dies, say=print)


def test_a_damaged_database_is_not_thrown_away(tmp_path: Path, dies: Path) -> None:
    with pytest.raises(Unavailable):
        ensure_running(tmp_path, dies, say=print)
    (tmp_path / DATABASE).write_text("not SQLite at all, " * 100)
    with pytest.raises(BadInput, match=r"sqlite3 cannot be read \(file is not a database\); restore it, or move"):
        ensure_running(tmp_path, dies, say=print)


@pytest.mark.parametrize(
    "text",
    [
        '{"pid": 4194304, "birth": "boot:1", "port": 8080}',  # a pid that no process has
        f'{{"pid": {os.getpid()}, "birth": "boot:1", "port": 8080}}',  # a pid that another process has by now
        '{"pid": 12',  # cut off
        '{"pid": 12}',  # of another version
        "[]",
        "",
    ],
)
def test_stale_pid_files_are_nobody(tmp_path: Path, dies: Path, text: str) -> None:
    (tmp_path / "server.json").write_text(text)
    assert running(tmp_path) is None
    assert not stop(tmp_path)
    with pytest.raises(Unavailable, match="ended while it was starting"):  # that is: it was tried
        ensure_running(tmp_path, dies, say=print)


def test_a_zombie_is_not_alive(wait_for: Wait) -> None:
    child = subprocess.Popen(["true"])
    process = Process(child.pid, birth(child.pid) or "gone already")
    wait_for(lambda: "Z" in Path(f"/proc/{child.pid}/stat").read_text().rpartition(")")[2])
    assert not process.alive
    assert birth(child.pid) is None
    child.wait()


@pytest.mark.slow
def test_a_stubborn_process_is_ended_with_its_children(tmp_path: Path, wait_for: Wait) -> None:
    log = tmp_path / "log"
    script = 'trap "" TERM; (trap "" TERM; sleep 600) & echo $!; wait; wait'
    process = start_detached(["/bin/sh", "-c", script], {}, log)
    wait_for(lambda: log.exists() and log.read_text().strip())
    child = int(log.read_text())
    assert birth(child)
    assert process.end(patience=0.5)
    wait_for(lambda: birth(child) is None)
