"""Gold attribution data: what is read, and what is refused with its line and its fault."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from annotators.corpora import Article, Relation, read_articles
from schemas.errors import BadData

TEXT = "Ann said yes."
SAID = {"source": [[0, 3]], "cue": [[4, 8]], "content": [[9, 12]]}


def article(**fields: Any) -> dict[str, Any]:
    return {"id": "a", "text": TEXT, "attributions": [SAID]} | fields


def write(folder: Path, *lines: Any) -> Path:
    path = folder / "gold.jsonl"
    path.write_bytes(b"\n".join(line if isinstance(line, bytes) else json.dumps(line).encode() for line in lines))
    return path


def test_articles(tmp_path: Path) -> None:
    two = {"source": [], "cue": [[4, 8]], "content": [[9, 12], [0, 3]]}
    path = write(tmp_path, article(), b"", article(id="b", attributions=[two, SAID], country="Peru"), article(id=3, attributions=[]))
    assert read_articles(path) == [
        Article("a", TEXT, (Relation(((0, 3),), ((4, 8),), ((9, 12),)),)),
        # stretches in order, whatever their order in the file; what else wire-gold tells of a story is let pass
        Article("b", TEXT, (Relation((), ((4, 8),), ((0, 3), (9, 12))), Relation(((0, 3),), ((4, 8),), ((9, 12),)))),
        Article("3", TEXT, ()),
    ]


def test_offsets_are_code_points(tmp_path: Path) -> None:
    text = "🗞\u2028Ann said."
    path = write(tmp_path, json.dumps(article(text=text, attributions=[SAID | {"content": [[0, 1]]}]), ensure_ascii=False).encode())
    (found,) = read_articles(path)
    assert found.text[slice(*found.relations[0].content[0])] == "🗞"


def test_a_slip_of_one_is_let_pass(tmp_path: Path) -> None:
    assert len(read_articles(write(tmp_path, article(attributions=[SAID | {"cue": [[3, 10]]}])))) == 1


def spoilt(**parts: Any) -> dict[str, Any]:
    return article(attributions=[SAID, SAID | parts])


FAULTS = [
    # the line
    (b"{", "Expecting"),
    (b"\xff", "utf-8"),
    (b"7", "expected an object with the keys id, text, attributions"),
    (b"[]", "expected an object"),
    ({"id": "b", "text": TEXT}, "expected an object"),
    # the article
    (article(text=""), "the text is empty"),
    (article(text=" \n"), "the text is empty"),
    (article(text=None), "the text is empty"),
    (article(id="first"), "the id 'first' stands twice"),
    (article(attributions=None), "attributions must be a list of objects, not None"),
    (article(attributions=SAID), "attributions must be a list of objects"),
    (article(attributions=["said"]), "attributions must be a list of objects"),
    # keys nobody knows: misspelt ones would be passed over in silence
    (article(contry="Peru"), "the article has the unknown key 'contry'; known are id, text, attributions, .*country"),
    (article(lang="en", Text=""), "the article has the unknown keys 'lang', 'Text'; known are"),
    (spoilt(speaker="Ann"), "an attribution has the unknown key 'speaker'; known are source, cue, content, .*stance"),
    (article(attributions=[{"source": [], "cues": [[4, 8]], "content": []}]), "an attribution has the unknown key 'cues'"),
    # the relation
    (article(attributions=[SAID, {"source": []}]), "lacks the keys cue, content"),
    (spoilt(cue=None), r"cue must be a list of \[start, end\], not None"),
    (spoilt(cue="said"), r"cue must be a list of \[start, end\], not 'said'"),
    (spoilt(cue=[4, 8]), r"cue must be a list of \[start, end\], not \[4, 8\]"),
    (spoilt(cue=[[4]]), r"cue must be a list of \[start, end\]"),
    (spoilt(cue=[[4, 8, 9]]), r"cue must be a list of \[start, end\]"),
    (spoilt(cue=[["4", "8"]]), r"cue must be a list of \[start, end\]"),
    (spoilt(cue=[[4.5, 8]]), r"cue must be a list of \[start, end\]"),  # never rounded in silence
    # offsets
    (spoilt(cue=[[-4, 8]]), r"cue \[-4, 8\] does not lie in the text of 13"),
    (spoilt(content=[[9, 14]]), r"content \[9, 14\] does not lie in the text of 13"),
    (spoilt(cue=[[8, 4]]), r"cue \[8, 4\] does not lie"),
    (spoilt(cue=[[4, 4]]), r"cue \[4, 4\] does not lie"),
    (spoilt(cue=[[2, 8]], source=[[0, 4]]), r"source \[0, 4\] and cue \[2, 8\] of one attribution overlap"),
    (spoilt(content=[[0, 13]]), r"content \[0, 13\] and source|source \[0, 3\] and content"),
    (spoilt(content=[[9, 12], [10, 12]]), r"content \[9, 12\] and content \[10, 12\] of one attribution overlap"),
]


@pytest.mark.parametrize(("line", "said"), FAULTS)
def test_refused_with_line_and_fault(tmp_path: Path, line: Any, said: str) -> None:
    path = write(tmp_path, article(id="first"), b"", line, article(id="last"))
    with pytest.raises(BadData, match=said) as refused:
        read_articles(path)
    assert str(refused.value).startswith(f"{path}, line 3: ")
    assert "\n" not in str(refused.value)


CORPORA = Path(__file__).resolve().parents[2] / "shared" / "corpora"


@pytest.mark.corpora
@pytest.mark.skipif(not CORPORA.is_dir(), reason="no ../shared/corpora beside the repository")
@pytest.mark.parametrize(("file", "count"), [("polnear/dev.jsonl", 84), ("wire-gold/dev.jsonl", 24)])
def test_the_corpora_hold_no_unknown_keys(file: str, count: int) -> None:
    assert len(read_articles(CORPORA / file)) == count


@pytest.mark.parametrize("lines", [[], [b"", b"  "]])
def test_a_file_without_articles_is_refused(tmp_path: Path, lines: list[bytes]) -> None:
    with pytest.raises(BadData, match="no articles in it; expected one JSON object a line"):
        read_articles(write(tmp_path, *lines))
