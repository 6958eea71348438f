"""Where wire files come from: folders, globs, archives, standard input, HTTP; within bounds, each file for itself."""

from __future__ import annotations

import gzip
import io
import json
import tarfile
import threading
import zipfile
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from flows import archives, fetching
from flows.feed import Delivery, deliveries, feed_files
from flows.night import Night, take_in
from flows.sources import Opened
from flows.store import Store
from schemas import readers
from schemas.errors import BadInput

STORY = b'{"uri": "urn:x:%d", "body_text": "A word."}'


def story(number: int) -> bytes:
    return STORY % number


def taken(*inputs: Path | str, stdin: bytes = b"") -> list[Delivery]:
    return list(deliveries(feed_files(inputs), Opened(stdin=io.BytesIO(stdin))))


def outcome(found: list[Delivery]) -> list[str]:
    """Guids read, and reasons without what is accepted."""
    return [s.guid for d in found for s in d.stories] + [d.reason.partition(";")[0] for d in found if d.reason]


def zipped(path: Path, files: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return path


def tarred(path: Path, files: dict[str, bytes], mode: str) -> Path:
    with tarfile.open(path, mode) as archive:
        for name, data in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return path


def test_a_folder_a_glob_and_standard_input(tmp_path: Path):
    for number in (1, 2):
        (tmp_path / f"{number}.json").write_bytes(story(number))
    assert outcome(taken(tmp_path)) == outcome(taken(f"{tmp_path}/*.json")) == ["urn:x:1", "urn:x:2"]
    assert outcome(taken("-", stdin=story(3))) == ["urn:x:3"]
    with pytest.raises(BadInput, match="matches no file"):
        feed_files([f"{tmp_path}/*.xml"])
    with pytest.raises(BadInput, match="no such file or folder"):
        feed_files([tmp_path / "3.json"])


@pytest.mark.parametrize("address", ["file:///etc/hostname", "simplecache::s3://a/b", "zip://x::file:///etc/passwd", "gopher://x/y"])
def test_addresses_that_are_not_taken(address: str):
    with pytest.raises(BadInput, match=r"not taken|no kind of address"):
        feed_files([address])


def test_what_fsspec_opens_is_read(tmp_path: Path):
    import fsspec

    memory = fsspec.filesystem("memory")
    memory.pipe("/wire/1.json", story(1))
    memory.pipe("/wire/2.json", b"{")
    assert outcome(taken("memory://wire"))[0] == "urn:x:1"
    assert outcome(taken("memory://wire"))[1].startswith("2.json: has no letters")


@pytest.mark.parametrize("form", ["zip", "tar", "tar.gz", "tar.xz"])
def test_archives_are_told_by_their_content_and_read_member_by_member(form: str, tmp_path: Path):
    files = {"a/1.json": story(1), "README": b"x", "a/2.xml": b"<newsItem>", "__MACOSX/a": b"x", "a/3.json": story(3)}
    path = tmp_path / "feed.dat"
    zipped(path, files) if form == "zip" else tarred(path, files, f"w:{form.partition('.')[2]}" if "." in form else "w")
    found = taken(path)
    assert outcome(found)[:2] == ["urn:x:1", "urn:x:3"]
    assert "a/2.xml: line 1: broken XML" in outcome(found)[2]
    assert found[0].file == f"{path}!a/1.json"


def test_a_packed_file(tmp_path: Path):
    (tmp_path / "x").write_bytes(gzip.compress(story(1)))
    assert outcome(taken(tmp_path)) == ["urn:x:1"]


def test_an_item_whose_text_is_in_another_file_of_the_delivery(tmp_path: Path):
    item = b'<newsItem guid="urn:x:1"><contentSet><remoteContent href="%s" contenttype="text/html"/></contentSet></newsItem>'
    archive = zipped(tmp_path / "a.zip", {"f/item.xml": item % b"body.htm", "f/body.htm": b"<p>The body.</p>"})
    assert [s.text for d in taken(archive) for s in d.stories] == ["The body.", "The body."]
    (tmp_path / "in").mkdir()
    (tmp_path / "secret.htm").write_text("<p>Secret.</p>")
    (tmp_path / "in" / "link.htm").symlink_to(tmp_path / "secret.htm")
    for number, name in enumerate((b"../secret.htm", b"link.htm", b"/etc/hostname", b"http://localhost/x", b"file:///etc/hostname")):
        (tmp_path / "in" / f"{number}.xml").write_bytes(item % name)
    (tmp_path / "in" / "link.htm.keep").touch()
    assert [d.reason.partition(";")[0] for d in taken(f"{tmp_path}/in/*.xml")] == [f"{n}.xml: line 1: has no text" for n in range(5)]


def evil(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Path, list[str]]]:
    """Archives that mean harm or are broken, with what must come of them."""
    yield (
        zipped(tmp_path / "paths.zip", {"../../etc/x.json": story(1), "/abs.json": story(2), "C:\\x.json": story(3), "ok.json": story(4)}),
        ["urn:x:4", *(f"paths.zip: {n}: its name leads out of the archive" for n in ("../../etc/x.json", "/abs.json", "C:\\x.json"))],
    )
    links = tmp_path / "links.tar"
    with tarfile.open(links, "w") as archive:
        link = tarfile.TarInfo("l")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        archive.addfile(link)
    yield links, ["links.tar: l: is a link or a device, not a file"]
    whole = zipped(tmp_path / "whole.zip", {"1.json": story(1)}).read_bytes()
    cut = tmp_path / "cut.zip"
    cut.write_bytes(whole[:-10])
    yield cut, ["cut.zip: its archive is broken: File is not a zip file"]
    monkeypatch.setattr(readers, "MAX_BYTES", 1_000_000)
    nested = zipped(tmp_path / "nested.zip", {"inner.zip": whole, "1.json": story(1)})
    yield nested, ["urn:x:1", "inner.zip: is a zip archive inside another, or an office document"]


def test_archives_that_mean_harm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    for path, expected in evil(tmp_path, monkeypatch):
        assert outcome(taken(path)) == expected


def test_a_zip_bomb_does_not_go_off(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(archives, "MAX_BYTES", 100_000)
    monkeypatch.setattr(archives, "_RATIO", 1)
    monkeypatch.setattr("flows.sources.MAX_BYTES", 100_000)
    bomb = zipped(tmp_path / "bomb.zip", {f"{n}.txt": b"a" * 10_000_000 for n in range(100)} | {"last.json": story(1)})
    found = taken(bomb)
    assert "has more than 100,000 bytes" in found[0].reason
    assert "a bomb; the rest was not read" in found[-1].reason
    assert len(found) < 100
    (tmp_path / "b.gz").write_bytes(gzip.compress(b"a" * 10_000_000))
    assert "a bomb" in taken(tmp_path / "b.gz")[0].reason


def test_long_json_lines_come_in_parts_and_other_long_files_are_turned_away_unread(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("flows.sources.MAX_BYTES", 1_000)
    rows = [{"id": n, "text": f"Word {n}. é"} for n in range(200)]
    (tmp_path / "a.jsonl").write_text("\n".join(json.dumps(row, ensure_ascii=False) for row in rows))
    assert outcome(taken(tmp_path / "a.jsonl")) == [str(n) for n in range(200)]
    with (tmp_path / "big.xml").open("wb") as big:
        big.write(b"<newsItem>")
        big.truncate(2_000_000_000)  # sparse: it takes no room
    assert "has more than 1,000 bytes" in taken(tmp_path / "big.xml")[0].reason


# HTTP


class Wire(BaseHTTPRequestHandler):
    """A server with what a feed does and what an enemy does."""

    asked: list[str]

    def do_GET(self) -> None:
        self.server.asked.append(self.path)  # type: ignore[attr-defined]
        at = self.path
        if at == "/feed.json":
            if self.headers.get("If-None-Match") == '"v1"':
                self.send_response(304)
                self.end_headers()
                return
            self.answer(story(1), {"ETag": '"v1"'})
        elif at == "/dir/":
            page = "<title>Index of /dir/</title><a href='../'>up</a><a href='1.json'>1</a><a href='/feed.json'>x</a><a href='http://h.example/'>y</a>"
            self.answer(page.encode(), {"Content-Type": "text/html"})
        elif at == "/dir/1.json":
            self.answer(story(2), {"Last-Modified": "Tue, 03 Mar 2026 09:30:00 GMT"})
        elif at.startswith("/to?"):
            self.send_response(302)
            self.send_header("Location", at[4:])
            self.end_headers()
        elif at == "/endless":
            self.send_response(200)
            self.end_headers()
            try:
                while True:
                    self.wfile.write(b"a" * 65536)
            except OSError:
                pass
        else:
            self.send_error(404)

    def answer(self, body: bytes, headers: dict[str, str]) -> None:
        self.send_response(200)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None: ...


@pytest.fixture
def wire(monkeypatch: pytest.MonkeyPatch) -> Iterator[ThreadingHTTPServer]:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    server = ThreadingHTTPServer(("127.0.0.1", 0), Wire)
    server.asked = []  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


def url(server: ThreadingHTTPServer, path: str) -> str:
    return f"http://127.0.0.1:{server.server_port}{path}"


def test_a_feed_that_has_not_changed_gives_nothing_the_second_night(wire: ThreadingHTTPServer, tmp_path: Path):
    store = Store(f"sqlite:///{tmp_path}/a.db")
    nights = [Night(), Night()]
    for night in nights:
        take_in([url(wire, "/feed.json")], store, "2026-03-04T02:00:00+00:00", night)
    assert [(n.files, n.stories_new, n.stories_known) for n in nights] == [(1, 1, 0), (0, 0, 0)]
    store.engine.dispose()


def test_a_listing_gives_the_files_of_its_own_folder(wire: ThreadingHTTPServer):
    assert outcome(taken(url(wire, "/dir/"))) == ["urn:x:2"]
    assert wire.asked == ["/dir/", "/dir/1.json"]  # type: ignore[attr-defined]


REFUSED = [  # an address, and why nothing comes of it
    ("/nothing", "answered 404"),
    ("/to?/to?/to?/to?/to?/to?/to?/feed.json", "redirects more than 5 times"),
    ("/to?file:///etc/hostname", "not http or https"),
    ("/to?http://169.254.169.254/latest/meta-data", "is a link-local"),
    ("/to?http://[::ffff:169.254.169.254]/", "is a link-local"),
    ("/to?http://localhost:1/", "a redirect led to"),
    ("/endless", "sends more than"),
]


@pytest.mark.parametrize(("path", "why"), REFUSED)
def test_addresses_that_lead_astray(path: str, why: str, wire: ThreadingHTTPServer, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(fetching, "MAX_FETCHED", 1_000_000)
    (found,) = taken(url(wire, path))
    assert why in found.reason
    assert found.stories == ()


def test_a_redirect_within_the_host_is_followed(wire: ThreadingHTTPServer):
    assert outcome(taken(url(wire, "/to?/feed.json"))) == ["urn:x:1"]


def test_link_local_addresses_are_not_asked_even_by_the_user():
    (found,) = taken("http://169.254.169.254/latest")
    assert "is a link-local" in found.reason
