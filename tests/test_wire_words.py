# ruff: noqa: E501  files as they come
"""What agencies say in words of a version - again, withdrawn, not to be published - in each format's way, from a file to the store's state."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from flows.night import Night, take_in
from flows.store import Store
from schemas.story import Story

NOW = "2026-03-04T02:00:00+00:00"
BODY = ("LASTRA, March 3 (Meridian) - Bread is dear, the mayor said.", "She would not say who pays.")
PARAGRAPHS = "".join(f"<p>{p}</p>" for p in BODY)
LINES = "\n\n".join(BODY)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    store = Store(f"sqlite:///{tmp_path}/a.db")
    yield store
    store.engine.dispose()


def night(store: Store, tmp_path: Path, *files: str | bytes) -> Night:
    """A night's intake of these files, which are no longer there the next night."""
    folder = tmp_path / "wire"
    folder.mkdir(exist_ok=True)
    for old in folder.iterdir():
        old.unlink()
    for number, content in enumerate(files):
        (folder / f"{number}.dat").write_bytes(content if isinstance(content, bytes) else content.encode())
    done = Night()
    take_in([folder], store, NOW, done)
    return done


def stored(store: Store) -> list[tuple[Story, str]]:
    """The stories of the store with their states, in the order of their versions."""
    from flows.tables import stories

    with store.engine.connect() as db:
        rows = db.execute(stories.select().order_by(stories.c.guid, stories.c.version)).all()
    return [(store.story(r.guid, r.version), r.state) for r in rows]


# A story in each format: its headline, its note to editors, its version, and more of the format's own


def g2(headline: str = "Bread is dear", note: str = "", version: int = 1, more: str = "", body: str = PARAGRAPHS) -> str:
    return (
        f'<newsItem xmlns="http://iptc.org/std/nar/2006-10-01/" guid="urn:x:1" version="{version}" standard="NewsML-G2" standardversion="2.33">'
        f'<itemMeta><itemClass qcode="ninat:text"/><provider literal="meridian"/>{more}<edNote>{note}</edNote></itemMeta><contentMeta>'
        f"<headline>{headline}</headline></contentMeta><contentSet><inlineXML><html xmlns='http://www.w3.org/1999/xhtml'><body>{body}</body></html>"
        "</inlineXML></contentSet></newsItem>"
    )


def ninjs(headline: str = "Bread is dear", note: str = "", version: int = 1, **more: Any) -> str:
    return json.dumps({"uri": "urn:x:1", "version": str(version), "headline": headline, "ednote": note, "body_xhtml": PARAGRAPHS} | more)


def ninjs3(headline: str = "Bread is dear", note: str = "", version: int = 1, **more: Any) -> str:
    item = {"uri": "urn:x:1", "version": str(version), "headlines": [{"value": headline}], "edNote": note}
    return json.dumps(item | {"bodies": [{"contentType": "text/html", "value": PARAGRAPHS}]} | more)


def nitf(headline: str = "Bread is dear", note: str = "", version: int = 1, more: str = "", attributes: str = "") -> str:
    return (
        f'<nitf><head><docdata {attributes}><doc-id regsrc="M" id-string="urn:x:1"/><ed-msg info="{note}"/><du-key key="Bread" version="{version}"/>{more}'
        f"</docdata></head><body><body.head><hedline><hl1>{headline}</hl1></hedline></body.head><body.content>{PARAGRAPHS}</body.content></body></nitf>"
    )


def newsml_1(headline: str = "Bread is dear", note: str = "", version: int = 1, status: str = "Usable") -> str:
    return (
        "<NewsML><NewsItem><Identification><NewsIdentifier><ProviderId>m.example</ProviderId><DateId>20260303</DateId><NewsItemId>1</NewsItemId>"
        f"<RevisionId PreviousRevision='0' Update='N'>{version}</RevisionId><PublicIdentifier>urn:newsml:m.example:20260303:1:{version}</PublicIdentifier>"
        f"</NewsIdentifier></Identification><NewsManagement><Status FormalName='{status}'/><Instruction FormalName=''>{note}</Instruction></NewsManagement>"
        f"<NewsComponent><NewsLines><HeadLine>{headline}</HeadLine></NewsLines><ContentItem><DataContent>{PARAGRAPHS}</DataContent></ContentItem>"
        "</NewsComponent></NewsItem></NewsML>"
    )


def iptc(title: str = "Bread is dear", option: str = "", body: str = LINES) -> str:
    first = f"{option}\n" if option else ""
    return f"\x16\x16\x01dpa0123 4 pl 120 dpa 0456\n\nBread/Lastra/\n{first}{title} =\n\x02\n{body}\n\ndpa ab cd\n\x03\n030930 GMT Mar 26\n\x04"


def anpa(headline: str = "Bread is dear", note: str = "", slug: str = "BC-Bread", body: str = LINES, category: str = "i") -> str:
    eds = f"^{note}<\n" if note else ""
    return (
        f"\x16\x16\x01a0123\nr {category} BC-Bread 03-03 0250\n^{slug},0250<\n^{headline}<\n{eds}^By ANN ODE=\n\x02{body}\n\x03\n"
        "AP-NY-03-03-26 0930GMT<\x04"
    )


REFILED = [  # a first version and the one that is filed again
    ("G2, headline", g2(), g2("REFILE-Bread is dear", version=2)),
    ("G2, Reuters' headline with its number", g2(), g2("REFILE-UPDATE 1-Bread is dear", version=2)),
    ("G2, note", g2(), g2(note="Refiles to fix typo in paragraph 2", version=2)),
    ("G2, the text's first lines", g2(), g2(version=2, body=f"<p>(Refiles to fix typo in paragraph 2)</p>{PARAGRAPHS}")),
    ("ninjs 1, headline", ninjs(), ninjs("REFILE-Bread is dear", version=2)),
    ("ninjs 3, note", ninjs3(), ninjs3(note="REFILE: fixes typo", version=2)),
    ("NITF, headline", nitf(), nitf("REFILE-Bread is dear", version=2)),
    ("NITF, message to editors", nitf(), nitf(note="REFILE - fixes typo", version=2)),
    ("NewsML 1, headline", newsml_1(), newsml_1("REFILE - Bread is dear", version=2)),
    ("IPTC 7901, title", iptc(), iptc("REFILE-Bread is dear")),
    ("IPTC 7901, option line", iptc(), iptc(option="(REFILE)")),
    ("IPTC 7901, option line in capitals", iptc(), iptc(option="REFILE")),
    ("ANPA, headline", anpa(), anpa("REFILE-Bread is dear")),
    ("ANPA, note", anpa(), anpa(note="Eds: REFILES to fix typo.")),
]


@pytest.mark.parametrize(("first", "again"), [case[1:] for case in REFILED], ids=[case[0] for case in REFILED])
def test_a_refile_is_the_same_story_and_its_text_the_newest(first: str, again: str, store: Store, tmp_path: Path):
    night(store, tmp_path, first)
    done = night(store, tmp_path, again.replace("would not say", "did not say"))
    assert done.stories_new == 1
    (old, before), (new, now) = stored(store)
    assert old.guid == new.guid
    assert (new.change, before, now) == ("refile", "superseded", "new")
    assert new.text == LINES.replace("would not say", "did not say")


WITHDRAWN = [  # a first version and the item that withdraws it
    ("G2, status", g2(), g2(version=2, more='<pubStatus qcode="stat:canceled"/>', body="")),
    ("G2, headline", g2(), g2("STORY WITHDRAWN", version=2, body="<p>The Lastra story is withdrawn. No replacement will be issued.</p>")),
    ("G2, Reuters' words before the headline", g2(), g2("WITHDRAWN: Bread is dear", version=2)),
    ("G2, note", g2(), g2(note="MANDATORY KILL: the mayor said no such thing", version=2)),
    ("ninjs 1, status", ninjs(), ninjs(version=2, pubstatus="canceled", body_xhtml="")),
    ("ninjs 1, headline", ninjs(), ninjs("STORY WITHDRAWN-Bread is dear", version=2)),
    ("ninjs 3, status", ninjs3(), ninjs3(version=2, pubStatus="canceled", bodies=[])),
    ("ninjs 3, note", ninjs3(), ninjs3(note="STORY WITHDRAWN", version=2)),
    ("NITF, status", nitf(), nitf(version=2, attributes='management-status="canceled"')),
    ("NITF, headline", nitf(), nitf("STORY WITHDRAWN", version=2)),
    ("NITF, message to editors", nitf(), nitf(note="KILL: wrong mayor", version=2)),
    (
        "NITF, by another item",
        nitf(),
        nitf(attributes='management-doc-idref="urn:x:1" management-idref-status="canceled"').replace(
            'id-string="urn:x:1"', 'id-string="2"'
        ),
    ),
    ("NewsML 1, status", newsml_1(), newsml_1(version=2, status="Canceled")),
    ("NewsML 1, headline", newsml_1(), newsml_1("STORY WITHDRAWN", version=2)),
    ("IPTC 7901, title", iptc(), iptc("STORY WITHDRAWN: Bread is dear", body="The story is withdrawn.")),
    ("IPTC 7901, option line", iptc(), iptc(option="KILL")),
    ("IPTC 7901, dpa's word", iptc(), iptc("Bread is dear - ZURÜCKGEZOGEN")),
    ("ANPA, slug", anpa(), anpa(slug="BC-Bread, KILL")),
    ("ANPA, slug of another form", anpa(), anpa(slug="BC-Bread-KILL", body="Kill the Lastra story. The mayor said no such thing.")),
    ("ANPA, headline", anpa(), anpa("STORY WITHDRAWN")),
    ("ANPA, note", anpa(), anpa(note="Eds: STORY WITHDRAWN. The mayor said no such thing.")),
]


@pytest.mark.parametrize(("first", "then"), [case[1:] for case in WITHDRAWN], ids=[case[0] for case in WITHDRAWN])
def test_what_is_withdrawn_takes_every_version_with_it(first: str, then: str, store: Store, tmp_path: Path):
    night(store, tmp_path, first)
    assert [state for _, state in stored(store)] == ["new"]
    night(store, tmp_path, then)
    guid = next(story.guid for story, _ in stored(store) if story.guid != "2")
    assert {state for story, state in stored(store) if story.guid == guid} == {"cancelled"}
    assert len([1 for story, _ in stored(store) if story.guid == guid]) == 2
    night(store, tmp_path, first.replace("would not say", "did not say"))  # and what comes after it, too
    assert {state for story, state in stored(store) if story.guid == guid} == {"cancelled"}


PRIVATE = [
    ("G2, status", g2(more='<pubStatus qcode="stat:withheld"/>')),
    ("G2, note", g2(note="NOT FOR PUBLICATION: for planning only")),
    ("G2, headline", g2("ADVISORY - not for publication - Lastra's bread week")),
    ("G2, usage terms", g2().replace("<itemMeta>", "<rightsInfo><usageTerms>Not for publication.</usageTerms></rightsInfo><itemMeta>")),
    ("ninjs 1, status", ninjs(pubstatus="withheld")),
    ("ninjs 1, note", ninjs(note="Not for publication")),
    ("ninjs 1, usage terms", ninjs(usageterms="NOT FOR PUBLICATION")),
    ("ninjs 3, status", ninjs3(pubStatus="withheld")),
    ("ninjs 3, headline", ninjs3("NOT FOR PUBLICATION: Bread week")),
    ("NITF, status", nitf(attributes='management-status="withheld"')),
    ("NITF, message to editors", nitf(note="Not for publication")),
    (
        "NITF, a note in its head",
        nitf().replace("</hedline>", "</hedline><note><body.content><p>NOT FOR PUBLICATION</p></body.content></note>"),
    ),
    ("NewsML 1, status", newsml_1(status="Withheld")),
    ("NewsML 1, instruction", newsml_1(note="Not for publication")),
    ("IPTC 7901, option line", iptc(option="(NOT FOR PUBLICATION)")),
    ("IPTC 7901, title", iptc("NOT FOR PUBLICATION: bread week")),
    ("IPTC 7901, dpa's words", iptc(option="(Nur zur Information)")),
    ("IPTC 7901, first line of the text", iptc(body=f"NOT FOR PUBLICATION\n\n{LINES}")),
    ("ANPA, note", anpa(note="Eds: Not for publication.")),
    ("ANPA, note without Eds", anpa(note="NOT FOR PUBLICATION")),
    ("ANPA, first line of the text", anpa(body=f"   NOT FOR PUBLICATION\n   {BODY[0]}\n   {BODY[1]}")),
    ("ANPA, category of advisories", anpa(category="v")),
]


@pytest.mark.parametrize("content", [case[1] for case in PRIVATE], ids=[case[0] for case in PRIVATE])
def test_what_is_not_for_publication_is_kept_and_never_work(content: str, store: Store, tmp_path: Path):
    done = night(store, tmp_path, content)
    ((story, state),) = stored(store)
    assert (state, done.held) == ("held", [(f"{story.guid} v1", "held: not for publication")])
    assert story.text.split("\n\n")[-2:] == list(BODY)
    assert store.waiting_stories("2036-01-01T00:00:00+00:00") == []


def test_an_embargo_before_the_text_makes_it_wait(store: Store, tmp_path: Path):
    night(store, tmp_path, iptc(body=f"EMBARGOED UNTIL 0001 GMT 6 March 2031\n\n{LINES}"))
    ((story, state),) = stored(store)
    assert (story.text, story.embargo, state) == (LINES, "2031-03-06T00:01:00+00:00", "new")
    assert store.waiting_stories("2031-03-05T00:00:00+00:00") == []
    assert len(store.waiting_stories("2031-03-07T00:00:00+00:00")) == 1


USABLE = [  # words of a story, not of an agency about it
    g2("Minister withdraws story of bread", note="Adds quote"),
    g2("Report not for publication was leaked, mayor says", body=f"{PARAGRAPHS}<p>“That was not for publication,” she said.</p>"),
    ninjs("To kill a story: how bread was refiled under cake"),
    iptc("Mayor wants to kill bread story"),
    anpa("Story of bread withdrawn from schools"),
    g2("Kill Bill opens in Lastra"),
    g2("Cuba", body=f"<p>EMBARGO TO LAST, SAYS MINISTER</p>{PARAGRAPHS}"),
]


@pytest.mark.parametrize("content", USABLE)
def test_a_story_about_such_things_is_a_story(content: str, store: Store, tmp_path: Path):
    night(store, tmp_path, content)
    ((story, state),) = stored(store)
    assert (state, story.change) == ("new", "")


# Broken bytes and deep nesting, from the file to quarantine

TAKEN = [  # bytes, and the text that is stored
    ("é and “then” – 5 €".encode() + b" \x93bread\x94 \x96 5 \x80", "é and “then” – 5 € “bread” – 5 €"),
    ("One é only.".encode() + b" \x93Bread,\x94 she said; it\x92s dear.", "One é only. “Bread,” she said; it’s dear."),
    ("Wörter 🍞".encode() + b" \x84nein\x93", "Wörter 🍞 „nein“"),
    (b"Le caf\xe9", "Le café"),
    (b"CAF\xc9", "CAFÉ"),
    (b"Hat Spa\xdf", "Hat Spaß"),
    ("Всё дорого".encode() + b" \x96 " + "сказал мэр".encode(), "Всё дорого – сказал мэр"),
    (
        "ЦЕНЫ НА ХЛЕБ «СТОИТ ДОРОГО», СКАЗАЛ МЭР ЛАСТРЫ ВО ВТОРНИК.".encode("cp1251"),
        "ЦЕНЫ НА ХЛЕБ «СТОИТ ДОРОГО», СКАЗАЛ МЭР ЛАСТРЫ ВО ВТОРНИК.",
    ),
    ("Chleb jest drogi, powiedziała burmistrz Łastry; zażądała ponad 5 złotych.".encode("cp1250"), None),
]
WRAPPED = [
    ("plain", lambda text: text),
    ("G2", lambda text: b'<?xml version="1.0" encoding="UTF-8"?>' + g2(body="<p>@</p>").encode().replace(b"@", text)),
    ("NITF", lambda text: nitf().encode().replace(PARAGRAPHS.encode(), b"<p>" + text + b"</p>")),
    ("ninjs", lambda text: ninjs(body_xhtml="@").encode().replace(b"@", text)),
    ("IPTC 7901", lambda text: iptc(body="@").encode().replace(b"@", text)),
    ("HTML", lambda text: b"<!DOCTYPE html><html><head><meta charset=utf-8></head><body><p>" + text + b"</p></body></html>"),
]


@pytest.mark.parametrize("wrap", [w for _, w in WRAPPED], ids=[name for name, _ in WRAPPED])
@pytest.mark.parametrize(("data", "text"), TAKEN[:3])
def test_stray_bytes_of_windows_1252_are_read_in_every_format(data: bytes, text: str, wrap: Any, store: Store, tmp_path: Path):
    done = night(store, tmp_path, wrap(data))
    ((story, _),) = stored(store)
    assert story.text == text
    assert any("those were read as cp1252" in said for said in story.notices), (story.notices, done.quarantined)


@pytest.mark.parametrize(("data", "text"), TAKEN)
def test_bytes_that_are_not_utf_8(data: bytes, text: str | None, store: Store, tmp_path: Path):
    night(store, tmp_path, data)
    ((story, _),) = stored(store)
    assert story.text == text or (text is None and "\ufffd" not in story.text)


CUT = [
    "Wört é",
    "Bread – he said “no",
    "é",
    "LASTRA, 3 mars – Le pain coûte 3 €",
    "Хлеб дорог",
    "面包价格上涨",
    "Bread 🍞",
    "Bread costs €",
]


@pytest.mark.parametrize("text", CUT)
@pytest.mark.parametrize("end", [b"", b"\n"])
def test_utf_8_that_ends_within_a_character_is_turned_away_saying_so(text: str, end: bytes, store: Store, tmp_path: Path):
    if text == "Bread – he said “no":
        text = "Bread – he said “"
    done = night(store, tmp_path, text.encode()[:-1] + end, "Another, whole story.")
    assert [story.text for story, _ in stored(store)] == ["Another, whole story."]
    ((name, reason),) = done.quarantined
    assert (name, reason.partition(";")[0]) == ("0.dat", "0.dat: line 1: ends within a character: it was cut off")


DEEP = [
    ("ninjs", json.dumps({"uri": "u", "body_xhtml": "<div>" * 9_000 + "deep"})),
    ("ninjs, many JSON levels", '{"a":' * 200_000),
    ("RSS", f"<rss version='2.0'><channel><item><guid>1</guid><description>{'&lt;i&gt;' * 9_000}deep</description></item></channel></rss>"),
    (
        "RSS, CDATA",
        f"<rss version='2.0' xmlns:c='http://purl.org/rss/1.0/modules/content/'><channel><item><guid>1</guid><c:encoded><![CDATA[{'<i>' * 9_000}deep]]></c:encoded></item></channel></rss>",
    ),
    (
        "Atom, html",
        f"<feed xmlns='http://www.w3.org/2005/Atom'><entry><id>1</id><content type='html'>{'&lt;i&gt;' * 9_000}deep</content></entry></feed>",
    ),
    (
        "Atom, xhtml",
        f"<feed xmlns='http://www.w3.org/2005/Atom'><entry><id>1</id><content type='xhtml'>{'<div>' * 900}deep{'</div>' * 900}</content></entry></feed>",
    ),
    ("HTML", f"<html><body>{'<div>' * 9_000}deep"),
    (
        "G2, escaped",
        g2()
        .replace("<inlineXML>", f"<inlineData contenttype='text/html'>{'&lt;b&gt;' * 9_000}deep</inlineData><!--")
        .replace("</inlineXML>", "-->"),
    ),
    ("G2", g2(body=f"{'<div>' * 900}deep{'</div>' * 900}")),
    ("NITF", nitf().replace(PARAGRAPHS, f"{'<block>' * 900}deep{'</block>' * 900}")),
    ("no standard's XML", f"<story><body>{'&lt;b&gt;' * 9_000}deep</body></story>"),
]


@pytest.mark.parametrize("content", [case[1] for case in DEEP], ids=[case[0] for case in DEEP])
def test_what_nests_too_deep_is_turned_away_saying_so(content: str, store: Store, tmp_path: Path):
    done = night(store, tmp_path, content, "Another, whole story.")
    assert [story.text for story, _ in stored(store)] == ["Another, whole story."]
    ((_, reason),) = done.quarantined
    assert "nests too deep" in reason


def test_tags_that_were_never_closed_nest_deep_and_are_read(store: Store, tmp_path: Path):
    sloppy = "".join(f"<p><font><b>Paragraph {n}." for n in range(400))
    night(store, tmp_path, json.dumps({"uri": "u", "body_html": sloppy}))
    assert stored(store)[0][0].text.split("\n\n") == [f"Paragraph {n}." for n in range(400)]


def test_beside_an_item_that_nests_too_deep_the_others_are_read(store: Store, tmp_path: Path):
    items = [f"<item><guid>{n}</guid><description>{'&lt;i&gt;' * (9_000 * (n == 2))}Word {n}.</description></item>" for n in (1, 2, 3)]
    done = night(store, tmp_path, f"<rss version='2.0'><channel>{''.join(items)}</channel></rss>")
    assert [story.text for story, _ in stored(store)] == ["Word 1.", "Word 3."]
    assert [reason.partition(";")[0] for _, reason in done.quarantined] == ["0.dat: item 2: its markup nests too deep"]
