"""A night without Prefect: its stations, its book, its morning page; what it does when another is at work or was killed."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import partial
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import ClassVar

import pytest

from flows import shift
from flows.batches import Batched
from flows.dry_run import plan_lines, show_plan
from flows.lock import only_night
from flows.logs import set_up_logs
from flows.morning import SECTIONS, Section, html, markdown, unusual
from flows.night import Night
from flows.settings import Settings
from flows.shift import Shift, work_night
from flows.store import Store
from schemas.errors import Busy, Unavailable

TEXT = "LASTRA, March {day} (Meridian) - Police said on Monday that it had rained in {where}.\n\nNobody was hurt."


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Everything under a folder of the test's own."""
    return Settings(data=tmp_path / "data", workers=2, _env_file=None)


def wire(folder: Path, *names: str) -> Path:
    folder.mkdir(exist_ok=True)
    for day, name in enumerate(names, 1):
        (folder / f"{name}.txt").write_text(TEXT.format(day=day, where=name))
    return folder


def shift_of(settings: Settings, folder: Path, day: int = 8, **fields) -> Shift:
    moment = datetime(2026, 3, day, 3, tzinfo=UTC)
    return Shift(settings, [folder], fields.pop("studio", None), say=lambda _: None, clock=lambda: moment, **fields)


def fake(groups, work) -> Iterator:
    """A runner that takes every story as read."""
    store = Store(work.store)
    for group in groups:
        for guid, version in group:
            store.add_claims(store.story(guid, version), [])
        n = len(group)
        yield partial(Batched, stories=n, claims=3 * n, words=500 * n, seconds=1.0, cpu_seconds=1.0, memory_mb=100, model="m-1")


@pytest.mark.slow
def test_on_real_threads(settings: Settings, tmp_path: Path) -> None:
    night = work_night(shift_of(settings, wire(tmp_path / "wire", "Lastra", "Orvo")), shift.on_threads(2))
    assert (night.stories_new, night.annotated, night.failures) == (2, 2, [])
    assert night.claims >= 2
    assert night.model.startswith("wire-small")
    stations = {s.name: s for s in night.stations}
    assert list(stations) == ["intake", "annotate"]
    assert stations["annotate"].cpu_seconds > 0
    assert stations["annotate"].memory_mb > 50


@pytest.mark.slow
def test_the_page_is_kept_in_the_store_and_on_disk(settings: Settings, tmp_path: Path) -> None:
    folder = wire(tmp_path / "wire", "Lastra")
    (folder / "broken.xml").write_text("<a>")
    night = work_night(shift_of(settings, folder), fake)
    row = Store(settings.store).nights(1)[0]
    assert (row.state, row.page["figures"]["stories in"], row.page["figures"]["quarantined"]) == ("done", 1, 1)
    assert night.page == settings.report_folder / "night-00001.html"
    text = night.page.read_text()
    assert (settings.report_folder / "index.html").read_text() == text
    assert [p.name for p in settings.report_folder.iterdir() if p.suffix != ".html"] == []
    assert "broken.xml" in text
    assert "http" not in text.replace("http-equiv", "")  # it fetches nothing
    assert night.morning is not None
    assert "broken.xml" in markdown(night.morning)


@pytest.mark.slow
def test_seven_nights_beside_it_and_what_is_unusual(settings: Settings, tmp_path: Path) -> None:
    for day in range(1, 10):
        night = work_night(shift_of(settings, wire(tmp_path / f"wire{day}", f"Place{day}"), day), fake)
    assert night.morning is not None
    assert [row["started"][8:10] for row in night.morning.week] == ["08", "07", "06", "05", "04", "03", "02"]
    assert night.morning.unusual == []
    many = work_night(shift_of(settings, wire(tmp_path / "many", *map(str, range(20))), 10), fake)
    assert many.morning is not None
    assert many.morning.unusual[0] == "stories in: 20, where the last 7 nights had 1 to 1"


def test_a_slow_night_is_unusual_unless_it_was_over_at_once() -> None:
    long, short = ({"seconds": seconds, "words a second": 3000} for seconds in (600, 2))
    assert unusual(long | {"words a second": 900}, [long] * 3) == ["words a second: 900, where the last 3 nights had 3000 to 3000"]
    assert unusual(short | {"words a second": 900}, [long] * 3) == []
    assert unusual(long | {"words a second": 900}, [short] * 3) == []


def test_what_a_page_says_is_never_markup(settings: Settings, tmp_path: Path) -> None:
    folder = wire(tmp_path / "wire", "Lastra")
    (folder / "<img src=x onerror=alert(1)>|.xml").write_text("<a>")
    night = work_night(shift_of(settings, folder), fake)
    assert night.morning is not None
    assert "<img" not in html(night.morning)
    assert "<img" not in markdown(night.morning)


def test_a_second_night_leaves_and_the_first_ones_page_says_so(settings: Settings, tmp_path: Path) -> None:
    folder = wire(tmp_path / "wire", "Lastra")

    def meanwhile(groups, work) -> Iterator:
        with pytest.raises(Busy, match="another night is at work"):
            work_night(shift_of(settings, folder), fake)
        yield from fake(groups, work)

    night = work_night(shift_of(settings, folder), meanwhile)
    assert night.morning is not None
    assert [note for note in night.morning.notes if "another night came" in note and "and left" in note]
    assert night.failures == []
    assert [row.state for row in Store(settings.store).nights(5)] == ["left", "done"]


def test_the_night_after_a_killed_one_says_where_it_was(settings: Settings, tmp_path: Path) -> None:
    folder, store = wire(tmp_path / "wire", "Lastra", "Orvo"), Store(settings.store)

    class Killed(BaseException):
        """As much as a kill leaves behind: no book is closed."""

    def dies(groups, work) -> Iterator:
        result = next(fake([groups[0][:1]], work))
        yield result
        raise Killed

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(shift, "_close_book", lambda *_: None)
        with pytest.raises(Killed):
            work_night(shift_of(settings, folder), dies)
    night = work_night(shift_of(settings, folder, 9), fake)
    assert night.annotated == 1
    assert night.morning is not None
    (note,) = night.morning.notes
    assert "begun 2026-03-08T03:00:00+00:00" in note
    assert "ended without a word at station annotate; 1 stories had been annotated" in note
    assert [row.state for row in store.nights(5)] == ["done", "lost"]
    with only_night(store, ""):
        pass


@pytest.mark.parametrize("station", ["intake", "push"])
def test_a_station_that_fails_delays_only_what_needs_it(settings: Settings, tmp_path: Path, station: str) -> None:
    folder = wire(tmp_path / "wire", "Lastra")
    store = Store(settings.store)

    def down():
        raise Unavailable("Label Studio does not answer")

    if station == "intake":
        work_night(shift_of(settings, wire(tmp_path / "first", "Orvo"), limit=1), lambda *_: iter(()))  # leaves a story that waits
        night = work_night(shift_of(settings, tmp_path / "unmounted", 9), fake)
        assert night.failures == [f"intake: {tmp_path / 'unmounted'}: no such file or folder"]
    else:
        night = work_night(shift_of(settings, folder, studio=down), fake)
        assert night.failures == ["push: Label Studio does not answer"]
    assert night.annotated == 1
    assert store.nights(1)[0].state == "failed"
    assert night.page is not None
    assert night.failures[0] in night.page.read_text().replace("&#39;", "'")


class Monitor(BaseHTTPRequestHandler):
    """Takes what it is told, and answers with the status that the path names."""

    told: ClassVar[list[dict]] = []

    def do_POST(self) -> None:
        Monitor.told.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
        self.send_response(int(self.path[1:4]))
        if self.path.startswith("/302"):
            self.send_header("Location", "/200")
        self.end_headers()

    def log_message(self, *_: object) -> None: ...


@pytest.fixture
def monitor() -> Iterator[str]:
    server = HTTPServer(("127.0.0.1", 0), Monitor)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    Monitor.told.clear()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.mark.parametrize(
    ("path", "failures"),
    [
        ("/200?key=secret", []),
        ("/500?key=secret", ["report: the webhook answered 500"]),
        ("/302?key=secret", ["report: the webhook answered 302"]),  # never led elsewhere
        (None, ["report: the webhook could not be told: ConnectError"]),
    ],
)
def test_monitoring_is_told(settings: Settings, tmp_path: Path, monitor: str, path: str | None, failures: list[str]) -> None:
    address = monitor + path if path else "http://127.0.0.1:9/?key=secret"
    night = work_night(shift_of(settings.model_copy(update={"webhook": _secret(address)}), wire(tmp_path / "wire", "Lastra")), fake)
    assert night.failures == failures
    assert len(Monitor.told) == (1 if path else 0)
    if path:
        assert (Monitor.told[0]["state"], Monitor.told[0]["figures"]["stories in"]) == ("done", 1)
    assert night.page is not None
    assert "secret" not in night.page.read_text() + repr(settings) + str(night.failures)


def _secret(text: str):
    from pydantic import SecretStr

    return SecretStr(text)


def test_others_may_put_something_on_the_page(settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    section = Section("Drift", "stance moved by 4 points", [("government", "31 % (27 %)")])
    monkeypatch.setattr("flows.morning.SECTIONS", [*SECTIONS, lambda _: section, lambda _: None])
    night = work_night(shift_of(settings, wire(tmp_path / "wire", "Lastra")), fake)
    assert night.morning is not None
    assert all("stance moved by 4 points" in page(night.morning) for page in (html, markdown))


def test_a_night_that_did_nothing_has_a_page(settings: Settings, tmp_path: Path) -> None:
    night = work_night(shift_of(settings, tmp_path / "nowhere"), fake)
    assert isinstance(night, Night)
    assert night.page is not None
    assert "no tasks yet" in night.page.read_text()


def test_log_lines_for_machines(settings: Settings, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    set_up_logs(settings.model_copy(update={"log": "json"}))
    work_night(shift_of(settings, wire(tmp_path / "wire", "Lastra")), fake)
    lines = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    assert [line["station"]["name"] for line in lines if line["logger"] == "flows.shift"] == ["intake", "annotate"]
    assert lines[0]["level"] == "INFO"
    set_up_logs(settings)  # text again: warnings only
    work_night(shift_of(settings, tmp_path / "wire"), fake)
    assert capsys.readouterr().err == ""


def test_a_dry_run_does_nothing(settings: Settings, tmp_path: Path) -> None:
    folder = wire(tmp_path / "wire", "Lastra", "Orvo")
    assert next(iter(plan_lines([folder], None, None, push=True))).startswith("would read:     2 files, 2 new stories")
    show_plan([folder], settings, None, push=True)
    assert not settings.data.exists()
    work_night(shift_of(settings, folder), fake)
    (folder / "new.txt").write_text("The minister said on Friday that prices would fall.")
    store = Store(settings.store)
    before = store.story_states()
    said = list(plan_lines([folder], store, None, push=False))
    assert said[0] == "would read:     3 files, 1 new stories of 9 words, 2 known before"
    assert "0 stories that wait and at most 1 new ones, in about" in said[1]
    assert len(said) == 2
    assert store.story_states() == before
