"""Training on our own export: its passages reviewed whole, what is refused with its row, and that bad data leave nothing behind."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from annotators.corpora import Article
from annotators.exported import Export, read_export, split_stories
from annotators.tags import ROLES
from exports.dataset import write_dataset
from exports.manifest import Manifest
from flows.learning import train_model
from schemas.claim import Claim
from schemas.errors import BadData, BadInput
from schemas.reviews import Review
from schemas.spans import Span, cut
from schemas.story import Story

TABLE = Path("attribution", "train.parquet")
ONE, TWO, THREE = "Ann said yes, Bob said.", "“Non” 🗞 was Cy’s word.", "Dee denied that Eve knew it."
TEXT = "\n\n".join((ONE, TWO, THREE))
STORY = Story("g", 1, TEXT)
Words = tuple[str, str, str]
YES, NON, DENIED = ("Ann", "said", "yes"), ("Cy", "word", "Non"), ("Dee", "denied", "that Eve knew it")


def claim(words: Words, story: Story = STORY) -> Claim:
    """A claim of the story whose parts are the words, where they first stand."""
    source, cue, content = ((cut(story.text, a := story.text.index(w), a + len(w)),) for w in words)
    key = f"{story.guid} {words}"
    return Claim(key, story.guid, story.version, True, content, cue, source, None, "indirect", "named", None, None, None, 0.9, "model:x")


def review(words: Words, *, story: Story = STORY, number: int = 1, **other: Any) -> tuple[Story, Claim, Review]:
    """A row of the export: a pre-labelled claim, confirmed, its paragraph said to be marked whole."""
    own = claim(words, story)
    shown = next((p.start, p.end) for p in story.paragraphs if words[0] in p.text)
    base = Review(number, own.key, story.version, "a@b", "2026-03-04T01:00:00Z", (own,), {}, (), "", 1.0, False, passage=shown, whole=True)
    return story, own, replace(base, **other)


def export(rows: Sequence[tuple[Story, Claim, Review]], folder: Path) -> Path:
    splits = {story.guid: "train" for story, _, _ in rows}
    write_dataset(rows, folder / "export", Manifest("2026-03-08T00:00:00+00:00", "1", "g", splits=splits))
    return folder / "export"


def words(article: Article) -> list[Words]:
    """The relations' words, as cut from the article's own text."""
    return [tuple(" … ".join(article.text[a:b] for a, b in getattr(r, role)) for role in ROLES) for r in article.relations]  # type: ignore[misc]


def test_passages_reviewed_whole_and_no_others(tmp_path: Path) -> None:
    rows = [review(YES), review(NON, number=2, whole=False), review(DENIED, number=3, claims=())]
    (one, three) = read_export(export(rows, tmp_path)).stories["g"]
    assert [(a.text, words(a)) for a in (one, three)] == [(ONE, [YES]), (THREE, [])]  # no claim left: that is a decision


def test_discontinuous_parts(tmp_path: Path) -> None:
    story, own, done = review(NON)
    end = len(ONE)
    wide = replace(own, content=(cut(TEXT, end + 2, end + 7), cut(TEXT, end + 8, end + 9)))
    (article,) = read_export(export([(story, own, replace(done, claims=(wide,)))], tmp_path)).stories["g"]
    assert words(article) == [("Cy", "word", "“Non” … 🗞")]


def test_an_export_without_passages_is_empty(tmp_path: Path) -> None:
    assert read_export(export([review(YES, whole=False)], tmp_path)).stories == {}


@pytest.fixture(scope="module")
def rows(tmp_path_factory: pytest.TempPathFactory) -> pa.Table:
    """The passages of a sound export of two stories, three rows."""
    other = Story("h", 1, TEXT)
    reviews = [review(YES), review(DENIED, number=3), review(NON, story=other, number=2)]
    return pq.read_table(export(reviews, tmp_path_factory.mktemp("sound")) / TABLE)


def write(rows: list[dict[str, Any]], schema: pa.Schema, folder: Path) -> Path:
    (folder / TABLE).parent.mkdir(parents=True)
    pq.write_table(pa.Table.from_pylist(rows, schema=schema), folder / TABLE)
    return folder


def span(start: int, end: int, text: str | None = None) -> list[dict[str, Any]]:
    return [Span(start, end, THREE[start:end] if text is None else text).to_dict()]


FAULTS = [
    # the columns of the second row that are spoilt, the parts of its relation that are, what is said of it
    ({"text": ""}, {}, "nothing stands in text"),
    ({"text": " \n"}, {}, "nothing stands in text"),
    ({"story_id": None, "text": None}, {}, "nothing stands in story_id, text"),
    ({"relations": [None]}, {}, "a relation without parts"),
    # offsets
    ({}, {"cue": span(4, 99)}, f"cue: a span from 4 to 99 does not lie in a text of {len(THREE)}"),
    ({}, {"cue": span(-4, 8)}, "cue: a span from -4 to 8 does not lie"),
    ({}, {"source": span(8, 4, "")}, "source: a span from 8 to 4 does not lie"),
    ({}, {"cue": span(4, 10, "denies")}, r"cue \[4, 10\] is 'denied' in the text, not 'denies'"),  # a text that was changed under its spans
    ({}, {"cue": [None]}, "cue has a span without start, end or text"),
    ({}, {"cue": [{"start": 4, "end": None, "text": "said"}]}, "cue has a span without"),
    # roles
    ({}, {"source": span(0, 8)}, r"source \[0, 8\] and cue \[4, 10\] of one attribution overlap"),
    ({}, {"content": [*span(11, 15), *span(11, 15)]}, r"content \[11, 15\] and content \[11, 15\] of one attribution overlap"),
]


@pytest.mark.parametrize(("columns", "parts", "said"), FAULTS)
def test_refused_with_row_and_fault(columns: dict[str, Any], parts: dict[str, Any], said: str, rows: pa.Table, tmp_path: Path) -> None:
    first, second, third = rows.to_pylist()
    spoilt = second | {"relations": [second["relations"][0] | parts]} | columns
    folder = write([first, spoilt, third], rows.schema, tmp_path / "data")
    with pytest.raises(BadData, match=said) as refused:
        read_export(folder)
    assert str(refused.value).startswith(f"{folder / TABLE}, row 2 ({second['id']!r}): ")
    assert "\n" not in str(refused.value)


def _no_relations(table: pa.Table, path: Path) -> None:
    pq.write_table(table.drop_columns(["relations"]), path)


def _agencies_as_numbers(table: pa.Table, path: Path) -> None:
    at = table.schema.names.index("agency")
    pq.write_table(table.set_column(at, "agency", pa.array([1] * len(table))), path)


def _cut_off(table: pa.Table, path: Path) -> None:
    pq.write_table(table, path)
    path.write_bytes(path.read_bytes()[:-40])


def _rotten(table: pa.Table, path: Path) -> None:
    pq.write_table(table, path)
    path.write_bytes(b"PAR1" + b"\xff" * 3000 + path.read_bytes()[3004:])


FILES = [
    (_no_relations, "lacks the column relations of type list"),
    (_agencies_as_numbers, "lacks the column agency of type string"),
    (_cut_off, "cannot be read as Parquet: "),
    (_rotten, "cannot be read as Parquet: "),
]


@pytest.mark.parametrize(("make", "said"), FILES, ids=[make.__name__ for make, _ in FILES])
def test_a_table_that_is_no_export_is_refused(make: Callable[[pa.Table, Path], None], said: str, rows: pa.Table, tmp_path: Path) -> None:
    path = tmp_path / TABLE
    path.parent.mkdir()
    make(rows, path)
    with pytest.raises(BadData, match=said) as refused:
        read_export(tmp_path)
    assert str(refused.value).startswith(f"{path}: ")
    assert "\n" not in str(refused.value)


def stories(count: int) -> dict[str, list[Article]]:
    return {f"story {n}": [Article(f"{n}/{m}", "x", ()) for m in range(2)] for n in range(count)}


@pytest.mark.parametrize(("count", "dev_share"), [(2, (0.5, 0.5)), (5, (0.2, 0.2)), (1000, (0.07, 0.13))])
def test_split(count: int, dev_share: tuple[float, float]) -> None:
    train, dev = split_stories(Export(stories(count)))
    assert dev_share[0] <= len(dev) / 2 / count <= dev_share[1]
    assert not {a.id.split("/")[0] for a in train} & {a.id.split("/")[0] for a in dev}
    assert sorted(a.id for a in train + dev) == sorted(a.id for of in stories(count).values() for a in of)  # none lost
    backwards = dict(reversed(stories(count).items()))
    assert split_stories(Export(backwards)) == (train, dev)


def test_a_story_stays_where_it_is_when_others_come() -> None:
    before, after = split_stories(Export(stories(300))), split_stories(Export(stories(900)))
    assert set(before[0]) <= set(after[0])
    assert set(before[1]) <= set(after[1])


@pytest.mark.parametrize("count", [0, 1])
def test_too_few_stories_to_split(count: int) -> None:
    with pytest.raises(BadInput, match=f"^{count} stories with passages reviewed whole: training needs at least 2"):
        split_stories(Export(stories(count)))


FOLDERS = [
    # what DATA holds, what is said
    ([], "has neither train.jsonl and dev.jsonl nor attribution/train.parquet; give a folder with"),
    (["train.jsonl"], "has no dev.jsonl; give a folder with train.jsonl and dev.jsonl, or one that `onrecord export` wrote"),
    (["dev.jsonl"], "has no train.jsonl; give"),
    (["dev.jsonl", "attribution/train.parquet"], "has no train.jsonl; give"),  # half of one kind is not quietly taken for the other
    (["train.jsonl", "dev.jsonl"], "train.jsonl, line 1: "),
    (["attribution/train.parquet"], "train.parquet: cannot be read as Parquet"),
]


@pytest.mark.parametrize(("files", "said"), FOLDERS)
def test_bad_data_leave_nothing_behind(files: list[str], said: str, tmp_path: Path) -> None:
    data = tmp_path / "data"
    (data / "attribution").mkdir(parents=True)
    for file in files:
        (data / file).write_text("{\n")
    with pytest.raises(BadInput, match=said) as refused:
        train_model(data, tmp_path / "model", "encoder", 1)
    assert "\n" not in str(refused.value)
    assert [path.name for path in tmp_path.iterdir()] == ["data"]


def test_a_row_gone_bad_in_an_export_leaves_nothing_behind(rows: pa.Table, tmp_path: Path) -> None:
    first, *others = rows.to_pylist()
    broken = first | {"relations": [first["relations"][0] | {"cue": span(4, 99)}]}
    write([broken, *others], rows.schema, tmp_path / "data")
    with pytest.raises(BadInput, match=r"row 1 .*does not lie"):
        train_model(tmp_path / "data", tmp_path / "model", "encoder", 1)
    assert [path.name for path in tmp_path.iterdir()] == ["data"]


@dataclass(frozen=True)
class Recipe:
    """Stands in for the real one, which needs PyTorch."""

    epochs: int = 0


def test_an_export_reaches_the_training(
    rows: pa.Table, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = write(rows.to_pylist(), rows.schema, tmp_path / "data [1]")
    given: list[Any] = []
    monkeypatch.setitem(sys.modules, "annotators.learning", SimpleNamespace(learn=lambda *all_of_it: given.extend(all_of_it)))
    monkeypatch.setitem(sys.modules, "annotators.training", SimpleNamespace(Recipe=Recipe))
    monkeypatch.setattr("flows.learning._say", lambda *_: None)
    train_model(folder, tmp_path / "model", "encoder", 1)
    train, dev, _, _, out, _, files = given
    assert sorted(words(a) for a in train + dev) == [[YES], [NON], [DENIED]]
    assert out == tmp_path / "model"
    assert files["train.parquet"] == folder / TABLE
    assert f"{folder}: {len(train)} passages reviewed whole to learn from, {len(dev)} to measure on" in capsys.readouterr().err
