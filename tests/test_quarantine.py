"""The commands on what could not be read, and on what was withdrawn."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from flows.night import Night, take_in
from flows.quarantining import list_quarantine, list_withdrawn, retry_quarantine, show_quarantine
from flows.settings import load_settings
from flows.store import Store
from schemas.errors import BadInput
from schemas.story import Status, Story

NOW = "2026-03-04T02:00:00+00:00"


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Store:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("ONRECORD_DATA", str(tmp_path / "data"))
    return Store(load_settings().store)


def test_what_was_turned_away_is_listed_shown_and_read_again_when_mended(store: Store, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    wire = tmp_path / "wire"
    wire.mkdir()
    (wire / "a.xml").write_text("<newsItem guid='g'>\n<contentSet><inlineData>One.</inlineData>\n")
    (wire / "b.jsonl").write_text('{"id": "1", "text": "A."}\n{"id": "2", "te\n{"id": "3", "text": "B."}\n')
    night = Night()
    take_in([wire], store, NOW, night)
    assert night.stories_new == 2
    list_quarantine(as_json=False)
    said = capsys.readouterr().out
    assert "a.xml: line 3: broken XML" in said
    assert "b.jsonl: line 2: broken JSON" in said
    list_quarantine(as_json=True)
    assert [Path(entry["file"]).name for entry in json.loads(capsys.readouterr().out)] == ["a.xml", "b.jsonl"]
    show_quarantine("b.jsonl")
    assert '>      2 | {"id": "2", "te' in capsys.readouterr().out
    with pytest.raises(SystemExit):
        retry_quarantine([])
    assert "0 of 2 can be read now" in capsys.readouterr().out
    (wire / "a.xml").write_text("<newsItem guid='g'><contentSet><inlineData>One.</inlineData></contentSet></newsItem>")
    (wire / "b.jsonl").unlink()
    with pytest.raises(SystemExit):
        retry_quarantine([])
    assert "1 of 2 can be read now, 1 new stories" in capsys.readouterr().out
    assert [Path(e.file).name for e in store.quarantined()] == ["b.jsonl"]
    with pytest.raises(BadInput, match="is not in quarantine"):
        show_quarantine("c.xml")


def test_a_withdrawn_story_names_the_exports_that_held_it(store: Store, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    store.add_story(Story("g", 1, "One."), NOW)
    store.record_export("/exports/a", "2026-03-01T00:00:00+00:00", ["g", "h"])
    store.record_export("/exports/b", "2026-03-02T00:00:00+00:00", ["h"])
    (tmp_path / "kill.json").write_text(json.dumps({"uri": "g", "version": 2, "pubstatus": "canceled", "ednote": "Wrong man."}))
    night = Night()
    take_in([tmp_path / "kill.json"], store, NOW, night)
    assert night.notes == ["g was withdrawn, and the export of 2026-03-01T00:00:00+00:00 in /exports/a holds it"]
    list_withdrawn()
    assert (
        capsys.readouterr().out == "g: killed by version 2: Wrong man.\n  held by the export of 2026-03-01T00:00:00+00:00 in /exports/a\n"
    )
    assert store.story("g", 2).status is Status.CANCELLED
