"""What stands in an export's way: refused or survived, said in one line, nothing lost and nothing half-written."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import sqlalchemy as sa

from annotators.exported_claims import read_reviewed
from exports.manifest import read_manifest
from flows.store import Store
from flows.tables import reviews, stories
from tests.lastra import story_rows

ROOT = Path(__file__).resolve().parent.parent
FULL = """
import resource, signal, sys
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
most = int(sys.argv.pop(1))
resource.setrlimit(resource.RLIMIT_FSIZE, (most, most))
from flows.cli import main
main()
"""
"""A disk on which no file grows beyond a size: what comes after it is refused by the system itself."""


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """Six stories of four claims, reviewed by one person; one label (expert) stands once."""
    store = Store(f"sqlite:///{tmp_path / 'data' / 'onrecord.db'}")
    for number in range(6):
        story = story_rows(number)[0][0]
        store.add_story(replace(story, published=f"2026-03-0{number + 1}T00:00:00Z"), "2026-03-08T00:00:00+00:00")
        store.add_claims(story, [claim for _, claim, _ in story_rows(number)])
        store.add_reviews([review for _, _, review in story_rows(number)], {})
    return store


def export(tmp_path: Path, *options: str, program: str = "from flows.cli import main; main()", before: tuple[str, ...] = ()):
    command = [sys.executable, "-c", program, *before, "export", str(tmp_path / "out"), *options]
    mine = {"ONRECORD_DATA": str(tmp_path / "data"), "ONRECORD_STORE_URL": "", "PYTHONPATH": str(ROOT), "HF_HOME": str(tmp_path)}
    environment = os.environ | mine
    return subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False, timeout=300)


def files(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


@pytest.mark.slow
def test_one_annotator_and_a_label_that_stands_once(store: Store, tmp_path: Path) -> None:
    done = export(tmp_path)
    assert done.returncode == 0, done.stderr
    card = (tmp_path / "out" / "README.md").read_text()
    assert "No claim was reviewed by two people or more: agreement is not known." in card
    assert "The label expert of role stands on 1 claims only." in card
    assert sum(len(s.gold.labels) for split in ("train", "validation", "test") for s in read_reviewed(tmp_path / "out", split)) == 24


def _payload(store: Store, table: sa.Table, change: Callable[[dict], dict]) -> None:
    """Changes a payload behind the store's back."""
    with store.engine.begin() as db:
        key = table.c.annotation_id if table is reviews else table.c.guid
        row = db.execute(sa.select(key, table.c.payload).order_by(key)).first()
        assert row is not None
        db.execute(sa.update(table).where(key == row[0]).values(payload=change(row.payload)))


SPOILED = [
    # what it is, the table, what is done to its first row, what is said
    (
        "a label removed since",
        reviews,
        lambda p: p | {"choices": p["choices"] | {"stance": "rivals"}},
        "by ann has the stance 'rivals', which label set 1 has not (government, opposition, neutral); run `onrecord relabel`",
    ),
    (
        "a text that no longer matches",
        stories,
        lambda p: p | {"text": "X" + p["text"]},
        "where version 1 of 'g00' has",
    ),
]


@pytest.mark.parametrize(("table", "change", "says"), [case[1:] for case in SPOILED], ids=[case[0] for case in SPOILED])
@pytest.mark.slow
def test_what_cannot_be_exported_as_decided_is_refused(table, change, says: str, store: Store, tmp_path: Path) -> None:
    assert export(tmp_path).returncode == 0
    before = files(tmp_path / "out")
    _payload(store, table, change)
    done = export(tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    (line,) = done.stderr.splitlines()
    assert line.startswith("onrecord: annotation ")
    assert says in line
    assert files(tmp_path / "out") == before
    assert not list(tmp_path.glob("out.*"))


@pytest.mark.parametrize("form", ["dataset", "csv"])
@pytest.mark.slow
def test_a_disk_that_fills_at_nine_tenths_leaves_the_old_export(form: str, store: Store, tmp_path: Path) -> None:
    assert export(tmp_path, "--format", form).returncode == 0
    before = files(tmp_path / "out")
    splits = store.splits()
    largest = max(map(len, before.values()))
    done = export(tmp_path, "--format", form, program=FULL, before=(str(largest * 9 // 10),))
    assert done.returncode == 1, done.stderr
    assert done.stderr.splitlines()[-1].startswith("onrecord: ")
    assert "Traceback" not in done.stderr
    assert "File too large" in done.stderr
    assert files(tmp_path / "out") == before
    assert not list(tmp_path.glob("out.*"))
    assert store.splits() == splits
    assert export(tmp_path, "--format", form).returncode == 0
    assert read_manifest(tmp_path / "out").splits == splits
