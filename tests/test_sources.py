# ruff: noqa: E501  documents as they come
"""Where wire files come from: folders, globs, archives, standard input, HTTP; within bounds, each file for itself."""

from __future__ import annotations

import contextlib
import gzip
import io
import ipaddress
import json
import socket
import tarfile
import threading
import zipfile
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from flows import archives, fetching
from flows import reach as reach_module
from flows.feed import Delivery, deliveries, feed_files
from flows.night import Night, take_in
from flows.reach import Reach, looked_up
from flows.settings import load_settings
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


@pytest.fixture
def sftp(tmp_path: Path) -> Iterator[str]:
    """An SFTP server over `tmp_path / "far"`; its address, with a password."""
    paramiko = pytest.importorskip("paramiko")
    root = tmp_path / "far"
    root.mkdir()

    class Host(paramiko.ServerInterface):
        def check_auth_password(self, username: str, password: str) -> int:
            return paramiko.AUTH_SUCCESSFUL if password == "hush" else paramiko.AUTH_FAILED

        def check_channel_request(self, kind: str, chanid: int) -> int:
            return paramiko.OPEN_SUCCEEDED

        def get_allowed_auths(self, username: str) -> str:
            return "password"

    class Files(paramiko.SFTPServerInterface):
        def list_folder(self, path: str) -> list:
            return [paramiko.SFTPAttributes.from_stat(p.stat(), p.name) for p in (root / path.strip("/")).iterdir()]

        def stat(self, path: str) -> object:
            found = root / path.strip("/")
            return paramiko.SFTPAttributes.from_stat(found.stat()) if found.exists() else paramiko.SFTP_NO_SUCH_FILE

        lstat = stat

        def open(self, path: str, flags: int, attr: object) -> object:
            if not (root / path.strip("/")).exists():
                return paramiko.SFTP_NO_SUCH_FILE
            handle = paramiko.SFTPHandle(flags)
            handle.readfile = (root / path.strip("/")).open("rb")
            handle.stat = lambda: self.stat(path)
            return handle

    key, listening = paramiko.RSAKey.generate(2048), socket.create_server(("127.0.0.1", 0))
    served = []

    def serve() -> None:
        with contextlib.suppress(OSError):
            while True:
                served.append(paramiko.Transport(listening.accept()[0]))
                served[-1].add_server_key(key)
                served[-1].set_subsystem_handler("sftp", paramiko.SFTPServer, Files)
                served[-1].start_server(server=Host())

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    yield f"sftp://wire:hush@127.0.0.1:{listening.getsockname()[1]}"
    for transport in served:
        transport.close()
    listening.shutdown(socket.SHUT_RDWR)
    listening.close()
    thread.join(5)


def test_sftp_folders_files_archives_and_bodies_by_reference(sftp: str, tmp_path: Path):
    far = tmp_path / "far"
    (far / "in").mkdir()
    (far / "in" / "1.json").write_bytes(story(1))
    (far / "in" / "2.xml").write_bytes(b"<newsItem>")
    (far / "in" / "README.txt").write_bytes(b"No story.")
    zipped(far / "in" / "3.zip", {"a.json": story(3)})
    (far / "in" / "4.xml").write_text("<newsItem guid='urn:x:4'><contentSet><remoteContent href='5.html'/></contentSet></newsItem>")
    (far / "in" / "5.html").write_text("<p>The body.</p>")
    found = taken(f"{sftp}/in")
    at = sftp.replace(":hush", "")
    assert [d.file for d in found] == [f"{at}/in/{n}" for n in ("1.json", "2.xml", "3.zip!a.json", "4.xml", "5.html")]
    assert [s.text for d in found for s in d.stories] == ["A word.", "A word.", "The body.", "The body."]
    assert "2.xml: line 1: broken XML" in found[1].reason
    assert outcome(taken(f"{sftp}/in/1.json")) == ["urn:x:1"]
    (gone,) = taken(f"{sftp}/away.json")
    assert gone.reason.startswith("away.json: cannot be read: FileNotFoundError")
    (refused,) = taken(sftp.replace("hush", "wrong") + "/in")
    assert "cannot be opened: AuthenticationException" in refused.reason
    assert "wrong" not in refused.reason + refused.file


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


@pytest.mark.slow
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
    ("/to?http://2130706433:1/", "inside this network"),
    ("/to?http://[::ffff:10.0.0.3]/", "inside this network"),
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


class Names:
    """A resolver that gives a host's answers one after the other, the last for ever."""

    def __init__(self, **answers: list[list[str]]) -> None:
        self.left = {name.replace("_", "."): list(lists) for name, lists in answers.items()}
        self.asked: list[str] = []

    def __call__(self, host: str, port: int) -> list[str]:
        self.asked.append(host)
        if host not in self.left:
            return looked_up(host, port)
        lists = self.left[host]
        return lists.pop(0) if len(lists) > 1 else lists[0]


LED = [  # what a name's look-ups give, the hosts the user has named, what comes of fetching from it
    ("loopback", [["127.0.0.1"]], "", "feed.example is at 127.0.0.1, inside this network"),
    ("loopback, named", [["127.0.0.1"]], "feed.example", "urn:x:1"),
    ("private", [["10.0.0.3"]], "", "inside this network"),
    ("shared by carriers", [["100.64.0.1"]], "", "inside this network"),
    ("one of two", [["192.0.2.1", "127.0.0.1"]], "", "inside this network"),
    ("link-local, though named", [["169.254.169.254"]], "feed.example", "is a link-local"),
    ("inside IPv6", [["::ffff:127.0.0.1"]], "", "inside this network"),
    ("translated by NAT64", [["64:ff9b::7f00:1"]], "", "127.0.0.1, inside this network"),
    ("6to4", [["2002:7f00:1::1"]], "", "inside this network"),
    ("the unspecified address", [["0.0.0.0"]], "feed.example", "is a link-local, multicast or empty"),
    ("no address", [[]], "", "could not be fetched"),
]


@pytest.mark.parametrize(("answers", "named", "expected"), [case[1:] for case in LED], ids=[case[0] for case in LED])
def test_where_names_may_lead(answers: list[list[str]], named: str, expected: str, wire: ThreadingHTTPServer):
    names = Names(feed_example=answers)
    reach = Reach(frozenset(filter(None, [named])), names)
    found = outcome(list(deliveries([f"http://feed.example:{wire.server_port}/feed.json"], Opened(reach=reach))))
    assert expected in found[0]
    assert names.asked == ["feed.example"]  # once: there is no second answer to be led by
    assert wire.asked == (["/feed.json"] if expected == "urn:x:1" else [])  # type: ignore[attr-defined]


BODY = "<contentSet><inlineXML><p>A word.</p></inlineXML>{}</contentSet>"
ASKING = [  # documents that name an address, each to be read or turned away, none to be followed
    "<?xml-stylesheet href='@a.xsl' type='text/xsl'?><newsItem guid='1'>" + BODY.format("") + "</newsItem>",
    "<!DOCTYPE newsItem SYSTEM '@a.dtd'><newsItem guid='1'>" + BODY.format("") + "</newsItem>",
    "<!DOCTYPE newsItem PUBLIC 'x' '@a.dtd' []><newsItem guid='1'>" + BODY.format("") + "</newsItem>",
    "<!DOCTYPE newsItem [<!ENTITY x SYSTEM '@a.txt'>]><newsItem guid='1'>" + BODY.format("&x;") + "</newsItem>",
    "<!DOCTYPE newsItem [<!ENTITY % x SYSTEM '@a.dtd'> %x;]><newsItem guid='1'>" + BODY.format("") + "</newsItem>",
    "<newsItem guid='1' xmlns:s='http://www.w3.org/2001/XMLSchema-instance' s:schemaLocation='x @a.xsd'><catalogRef href='@c.xml'/>"
    + BODY.format("<remoteContent href='@a.html' contenttype='text/html'/>")
    + "</newsItem>",
    "<newsItem guid='1' xmlns:i='http://www.w3.org/2001/XInclude'>" + BODY.format("<i:include href='@a.xml'/>") + "</newsItem>",
    "<NewsML><Catalog Href='@c.xml'/><NewsItem><NewsComponent><ContentItem Href='@a.txt'><DataContent><p>A word.</p></DataContent></ContentItem>"
    "</NewsComponent></NewsItem></NewsML>",
    "<rss version='2.0'><channel><link>@</link><item><guid>@1</guid><link>@1.html</link><description>A word.</description></item></channel></rss>",
    "<feed xmlns='http://www.w3.org/2005/Atom' xml:base='@'><entry><id>1</id><content src='@a.html'/><summary>A word.</summary></entry></feed>",
    "<html><head><base href='@'><link rel=stylesheet href='a.css'><script src='@a.js'></script></head><body><img src='@a.jpg'><p>A word.</p></body></html>",
    "<html><body><nav>x</nav><article><p>A word.</p></article><iframe src='@a'></iframe><link rel=amphtml href='@a'></body></html>",
    '{"uri": "@1", "body_html": "<p>A word.</p><img src=@a.jpg>", "renditions": [{"href": "@a.html"}], "associations": {"a": {"uri": "@2"}}}',
]


@pytest.mark.parametrize("document", ASKING)
def test_nothing_is_fetched_because_a_document_says_so(document: str, wire: ThreadingHTTPServer, tmp_path: Path):
    (tmp_path / "a").write_text(document.replace("@", url(wire, "/")))
    (found,) = taken(tmp_path)
    assert [s.text for s in found.stories] == ["A word."] or "its DOCTYPE declares things of its own" in found.reason
    assert wire.asked == []  # type: ignore[attr-defined]


@pytest.fixture
def public(monkeypatch: pytest.MonkeyPatch) -> None:
    """198.51.100.7 counts as a public address, and connections to it come here."""
    import httpcore

    connect = httpcore.SyncBackend.connect_tcp

    def here(self: httpcore.SyncBackend, host: str, *args: object) -> httpcore.NetworkStream:
        assert host in ("198.51.100.7", "127.0.0.1")
        return connect(self, "127.0.0.1", *args)  # type: ignore[arg-type]

    monkeypatch.setattr(httpcore.SyncBackend, "connect_tcp", here)
    told = reach_module._meant
    monkeypatch.setattr(reach_module, "_meant", lambda ip: told(ipaddress.ip_address("8.8.8.8") if str(ip) == "198.51.100.7" else ip))


@pytest.mark.usefixtures("public")
def test_a_name_that_is_somebody_else_the_second_time_leads_nowhere(wire: ThreadingHTTPServer):
    port = wire.server_port
    # first public, then this machine: what was checked is what is connected to, and a new connection is checked anew
    names = Names(feed_example=[["198.51.100.7"], ["127.0.0.1"]])
    seen = Opened(reach=Reach(frozenset(), names))
    found = list(deliveries([f"http://feed.example:{port}/feed.json", f"http://feed.example:{port}/dir/1.json"], seen))
    assert [s.guid for s in found[0].stories] == ["urn:x:1"]
    assert "feed.example is at 127.0.0.1, inside this network" in found[1].reason
    assert wire.asked == ["/feed.json"]  # type: ignore[attr-defined]


@pytest.mark.usefixtures("public")
def test_every_redirect_is_held_to_the_same(wire: ThreadingHTTPServer):
    port = wire.server_port
    for named, expected in ((frozenset(), "a redirect led to http://inner.example"), (frozenset({"inner.example"}), "urn:x:1")):
        names = Names(feed_example=[["198.51.100.7"]], inner_example=[["127.0.0.1"]])
        address = f"http://feed.example:{port}/to?http://inner.example:{port}/feed.json"
        found = outcome(list(deliveries([address], Opened(reach=Reach(named, names)))))
        assert expected in found[0]
    assert wire.asked.count("/feed.json") == 1  # type: ignore[attr-defined]


def test_hosts_come_from_the_setting(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("ONRECORD_HOSTS", "Wire.example, feeds.example")
    assert load_settings().inside == {"wire.example", "feeds.example"}


def test_behind_a_proxy_names_are_looked_up_before_it_is_asked(wire: ThreadingHTTPServer, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("http_proxy", url(wire, ""))
    seen = Opened(reach=Reach(frozenset(), Names(feed_example=[["10.0.0.3"]])))
    (found,) = deliveries(["http://feed.example/feed.json"], seen)
    assert "inside this network" in found.reason
    assert wire.asked == []  # type: ignore[attr-defined]
