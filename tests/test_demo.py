"""`onrecord demo` as a stranger runs it: once, again, with its server killed, with its port taken, stopped."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from flows.studio_server import running, stop

pytestmark = [pytest.mark.studio, pytest.mark.prefect]
ROOT = Path(__file__).resolve().parent.parent
FILES = ("08-ambush-sextant.json", "16-gathering-ban-broken.xml", "17-march.txt")


@pytest.fixture
def data(studio_template: Path, tmp_path: Path) -> Iterator[Path]:
    """A data folder whose Label Studio has had its first start, and a small wire beside it."""
    folder = tmp_path / "data"
    shutil.copytree(studio_template, folder / "label-studio")
    (tmp_path / "wire").mkdir()
    for name in FILES:
        shutil.copy(ROOT / "examples" / "wire" / name, tmp_path / "wire")
    yield folder
    stop(folder / "label-studio")


def demo(data: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", "from flows.cli import main; main()", "demo", "--wire", str(data.parent / "wire"), *arguments]
    own = {"ONRECORD_DATA": str(data), "PYTHONPATH": str(ROOT)}
    return subprocess.run(command, cwd=data.parent, capture_output=True, text=True, check=False, env={**os.environ, **own, **environment})


def line(done: subprocess.CompletedProcess[str], start: str) -> str:
    assert done.returncode == 0, done.stderr + done.stdout
    return next(x for x in done.stdout.splitlines() if x.startswith(start))


def test_demo_twice_killed_and_stopped(data: Path, prefect_server: str) -> None:
    first = demo(data)  # on Prefect's temporary server; the others spare themselves its start
    pushed = int(line(first, "out:").split()[1])
    assert pushed > 10
    assert "2 new stories" in line(first, "in:")
    assert "broken XML" in line(first, "quarantined:")
    assert "http://127.0.0.1:" in line(first, "Review at")
    server = running(data / "label-studio")
    assert server is not None
    assert server.password not in first.stdout + first.stderr
    assert server.token not in first.stdout + first.stderr
    outside = {p.name for p in data.parent.iterdir()} - {"data", "wire"}
    assert not outside, "everything is written under data/"

    again = demo(data, PREFECT_API_URL=prefect_server)
    assert "0 tasks pushed" in line(again, "out:")
    assert "nothing new" in line(again, "nothing")
    assert "was running already" in again.stderr

    os.killpg(server.pid, signal.SIGKILL)
    mended = demo(data, PREFECT_API_URL=prefect_server)
    assert "0 tasks pushed" in line(mended, "out:")
    assert "started at" in mended.stderr

    assert "Label Studio stopped" in line(demo(data, "--stop"), "Label Studio")
    assert running(data / "label-studio") is None
    assert "was not running" in line(demo(data, "--stop"), "Label Studio")


def test_a_port_in_use_is_one_line(data: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        done = demo(data, ONRECORD_LABEL_STUDIO_PORT=str(port))
    assert done.returncode == 2
    assert f"port {port} is in use" in done.stderr
    assert "Traceback" not in done.stderr


def test_an_empty_feed_folder_is_one_line(data: Path) -> None:
    for file in (data.parent / "wire").iterdir():
        file.unlink()
    done = demo(data)
    assert done.returncode == 2
    assert done.stderr.strip().endswith("no wire files in this folder; give a folder or a file with stories")
    assert running(data / "label-studio") is None
