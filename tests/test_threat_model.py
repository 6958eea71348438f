"""The threat model names tests that are there, and what it says of locks is so."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
ROWS = [line for line in (ROOT / "docs" / "security.md").read_text().splitlines() if line.startswith("| ")][1:]


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.split("|")[1].strip()[:40])
def test_each_way_in_names_a_test_that_is_there(row: str) -> None:
    named = re.findall(r"`(test_\w+\.py)(?:::(\w+))?`", row.rpartition(" | ")[2])
    assert named, row
    for file, function in named:
        text = (ROOT / "tests" / file).read_text()
        assert not function or f"def {function}(" in text, f"{file}::{function}"


@pytest.mark.parametrize("lock", ["project", "dev", "label-studio", "audit"])
def test_every_locked_package_has_its_hash(lock: str) -> None:
    text = (ROOT / "requirements" / f"{lock}.txt").read_text().replace("\\\n", " ")
    packages = [line for line in text.splitlines() if re.match(r"[a-z0-9]", line)]
    assert len(packages) > 20
    assert [line[:60] for line in packages if "--hash=sha256:" not in line] == []
