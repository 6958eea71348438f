"""Three nights on real parts, one killed, one doubled, one with Label Studio down: each morning page tells exactly what befell it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from flows.settings import Settings
from flows.shift import Shift, on_threads, work_night
from flows.store import Store
from flows.studio import Studio
from schemas.errors import Busy

ROOT = Path(__file__).resolve().parent.parent
KILLED = """
import sys
from datetime import UTC, datetime
from pathlib import Path
from flows import batches
from flows.settings import Settings
from flows.shift import Shift, on_threads, work_night
batches.BATCH = 2
settings = Settings(data=Path(sys.argv[1]), workers=1, _env_file=None)
work_night(Shift(settings, [Path(sys.argv[2])], None, say=print, clock=lambda: datetime(2026, 3, 8, 4, 30, tzinfo=UTC)), on_threads(1))
"""


def stories(folder: Path, day: int, count: int) -> None:
    folder.mkdir(exist_ok=True)
    for n in range(count):
        words = f"The minister of district {day}{n} said on Monday that road number {n} of {day} would be built in {2030 + n}."
        (folder / f"day{day}-{n}.txt").write_text(words)


@pytest.mark.studio
def test_three_nights(tmp_path: Path, client: Studio, wait_for: Callable[..., None]) -> None:
    data, wire = tmp_path / "data", tmp_path / "wire"
    settings = Settings(data=data, workers=1, passages=0, _env_file=None)
    store = Store(settings.store)
    client.title = f"three nights {os.getpid()}"

    def night(day: int, studio: Callable[[], Studio], say: Callable[[str], None] = print):
        clock = datetime(2026, 3, day, 4, 30, tzinfo=UTC)
        return work_night(Shift(settings, [wire], studio, say=say, clock=lambda: clock), on_threads(1))

    # the first is killed while it annotates, and its page is the one of the night that goes on
    stories(wire, 8, 12)
    process = subprocess.Popen(
        [sys.executable, "-c", KILLED, str(data), str(wire)], env=os.environ | {"PYTHONPATH": str(ROOT)}, stdout=subprocess.DEVNULL
    )
    wait_for(lambda: store.story_states().get("annotated", 0) >= 2, 120)
    process.send_signal(signal.SIGKILL)
    process.wait()
    before = store.story_states()["annotated"]
    first = night(9, lambda: client)
    assert (first.annotated, first.failures) == (12 - before, [])
    note = f"at station annotate; {before} stories had been annotated by then, and this night went on from there"
    assert [note in n and "2026-03-08T04:30:00+00:00" in n for n in told(store)["notes"]] == [True]

    # the second is doubled: one works, the other leaves
    stories(wire, 10, 2)

    def doubled(line: str) -> None:
        if "files read" in line:
            with pytest.raises(Busy, match="another night is at work"):
                night(10, lambda: client)

    second = night(10, lambda: client, say=doubled)
    assert (second.annotated, second.failures) == (2, [])
    page = told(store, skip=1)  # the newest row is the one that left
    assert [note.startswith("another night came at 2026-03-10T04:30:00+00:00") for note in page["notes"]] == [True]
    assert store.nights(1)[0].state == "left"

    # the third finds Label Studio down: all else is done, and the next night pushes
    stories(wire, 11, 2)
    dead = Studio("http://127.0.0.1:9", "0" * 40, wait=lambda _: None)
    third = night(11, lambda: dead)
    assert (third.annotated, third.pushed) == (2, 0)
    page = told(store)
    assert page["notes"] == []  # the doubled night was told already
    assert [failure.startswith("push: Label Studio at http://127.0.0.1:9") for failure in page["failures"]] == [True]
    assert "push: Label Studio at" in (settings.report_folder / "index.html").read_text()
    fourth = night(12, lambda: client)
    assert (fourth.annotated, fourth.failures, fourth.pushed) == (0, [], third.claims)
    assert told(store)["notes"] == []


def told(store: Store, skip: int = 0) -> dict:
    page = store.nights(skip + 1)[skip].page
    return json.loads(json.dumps(page))
