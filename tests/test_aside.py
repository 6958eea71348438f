"""What an export keeps aside on disk: a mapping like any other, in order of code points, nameless, and loud on a full disk."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exports.aside import OnDisk, aside
from exports.manifest import Manifest
from schemas.errors import Unavailable

KEYS = st.text(st.characters(codec=None), max_size=4)


@given(st.lists(st.tuples(KEYS, st.one_of(st.none(), st.text("abc", max_size=3)))))
def test_it_is_a_dict_in_order(steps: list[tuple[str, str | None]]) -> None:
    like, held = {}, OnDisk()
    for key, value in steps:
        if value is None:
            assert held.pop(key, None) == like.pop(key, None)
        else:
            like[key] = held[key] = value
    assert list(held.items()) == sorted(like.items())
    assert (held, len(held), [key in held for key, _ in steps]) == (like, len(like), [key in like for key, _ in steps])


@given(st.dictionaries(KEYS, st.text(max_size=3)), st.dictionaries(KEYS, st.sampled_from(["train", "test"])))
def test_a_manifest_is_written_as_json_writes_it(reviews: dict[str, str], splits: dict[str, str]) -> None:
    manifest = Manifest("2026-03-08", "1", "g", experts=["ann", "bob"], splits=splits, reviews=OnDisk(reviews))
    lines = "".join(manifest.lines())
    plain = {"format": 1, **vars(manifest), "reviews": reviews, "stories": {}}
    assert lines == json.dumps(plain, indent=1, sort_keys=True) + "\n"


def test_no_name_is_left_in_the_temporary_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    held = OnDisk({str(n): "x" * 1000 for n in range(20_000)})
    assert (len(held), list(tmp_path.iterdir())) == (20_000, [])


def test_a_full_temporary_folder_is_said() -> None:
    db = aside()
    db.execute("PRAGMA max_page_count = 3")
    db.execute("CREATE TABLE t (x BLOB)")
    with pytest.raises(Unavailable, match="the temporary folder: database or disk is full; make room there, or set TMPDIR"):
        db.execute("INSERT INTO t VALUES (?)", (b"x" * 100_000,))
