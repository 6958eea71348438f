"""Training on our own export: what of it is gold, what is refused with its row, and that bad data leave nothing behind."""

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
from annotators.exported import TABLE, Export, read_export, split_stories
from annotators.tags import ROLES
from exports.dataset import write_dataset
from exports.manifest import Manifest
from flows.learning import train_model
from schemas.claim import Claim
from schemas.errors import BadData, BadInput
from schemas.reviews import Review
from schemas.spans import Span, cut
from schemas.story import Story

ONE, TWO, THREE = "Ann said yes, Bob said.", "“Non” 🗞 was Cy’s word.", "Dee denied that Eve knew it."
TEXT = "\n\n".join((ONE, TWO, THREE))
STORY = Story("g", 1, TEXT)
Words = tuple[str, str, str]
YES, ALL, NON, DENIED, KNEW = (
    ("Ann", "said", "yes"),
    ("Bob", "said.", "Ann said yes"),  # YES is nested in it
    ("Cy", "word", "Non"),
    ("Dee", "denied", "that Eve knew it"),
    ("Eve", "knew", "it."),
)


def claim(words: Words, story: Story = STORY) -> Claim:
    """A claim of the story whose parts are the words, where they first stand; an empty one is not there."""
    source, cue, content = (((cut(story.text, a := story.text.index(w), a + len(w)),) if w else ()) for w in words)
    key = f"{story.guid} {words}"
    return Claim(key, story.guid, story.version, True, content, cue, source, None, "indirect", "named", None, None, None, 0.9, "model:x")


def review(model: Words, *human: Words, story: Story = STORY, number: int = 1, **other: Any) -> tuple[Story, Claim, Review]:
    """A row of the export: the pre-labelled claim, and what a person made of it."""
    own = claim(model, story)
    left = tuple(claim(words, story) for words in human)
    base = Review(number, own.key, story.version, "a@b", "2026-03-04T01:00:00Z", left, {}, (), "", 1.0, False)
    return story, own, replace(base, **other)


def export(rows: Sequence[tuple[Story, Claim, Review]], folder: Path) -> Path:
    splits = {story.guid: "train" for story, _, _ in rows}
    write_dataset(rows, folder / "export", Manifest("2026-03-08T00:00:00+00:00", "1", "g", splits=splits))
    return folder / "export"


def words(article: Article) -> list[Words]:
    """The relations' words, as cut from the article's own text."""
    return [tuple(" … ".join(article.text[a:b] for a, b in getattr(r, role)) for role in ROLES) for r in article.relations]  # type: ignore[misc]


V2 = Story("g", 2, f"New first.\n\n{TWO}\n\n{THREE} And more.\n\n{ONE}")
GOLD = [
    # what it is, the reviews, the passages that come of them: their text, their relations
    ("a paragraph nobody reviewed is none", [review(YES, YES)], [(ONE, [YES])]),
    ("neighbours are one passage", [review(NON, NON), review(YES, YES, number=2)], [(f"{ONE}\n\n{TWO}", [YES, NON])]),
    ("others are two", [review(YES, YES), review(DENIED, DENIED, number=2)], [(ONE, [YES]), (THREE, [DENIED])]),
    ("nested claims", [review(YES, YES, ALL)], [(ONE, [YES, ALL])]),
    ("claims of one source", [review(YES, ("Ann", "yes", "Bob"), YES)], [(ONE, [YES, ("Ann", "yes", "Bob")])]),
    ("the person's word, not the model's", [review(NON, ("", "was", "Non"))], [(TWO, [("", "was", "Non")])]),
    ("one claim added in two tasks", [review(DENIED, DENIED, KNEW), review(KNEW, KNEW, number=2)], [(THREE, [DENIED, KNEW])]),
    ("no claim left: that is a decision", [review(YES)], [(ONE, [])]),
    ("neither source nor cue: attributed to nobody", [review(YES, ("", "", "yes"))], [(ONE, [])]),
    ("ticked as no claim, spans left standing", [review(YES, YES, problems=("not a claim",))], [(ONE, [])]),
    ("ticked as no claim, and put right", [review(YES, ALL, problems=("not a claim",))], [(ONE, [ALL])]),
    # what was left open
    ("skipped", [review(YES, skipped=True)], []),
    ("one missed, not added", [review(YES, YES, problems=("missed one",))], []),
    ("one missed, and added", [review(YES, YES, ALL, problems=("missed one",))], [(ONE, [YES, ALL])]),
    ("a bad split, not mended", [review(YES, YES, problems=("bad split",))], []),
    ("a bad split, mended", [review(YES, ALL, problems=("bad split",))], [(ONE, [ALL])]),
    ("open beside closed, in one paragraph", [review(DENIED, DENIED), review(KNEW, skipped=True, number=2)], []),
    ("open beside closed, in another", [review(YES, YES), review(NON, skipped=True, number=2)], [(ONE, [YES])]),
    # two people on one task: the newest word
    ("the later", [review(YES, YES), review(YES, ALL, number=2, updated="2026-03-05T00:00:00Z")], [(ONE, [ALL])]),
    ("the earlier", [review(YES, YES), review(YES, ALL, number=2, updated="2026-03-03T00:00:00Z")], [(ONE, [YES])]),
    # two versions: together only they say all of a paragraph
    ("a paragraph that moved", [review(YES, YES), review(ALL, ALL, story=V2, number=2)], [(ONE, [YES, ALL])]),
    ("a paragraph that changed", [review(DENIED, DENIED), review(YES, YES, story=V2, number=2)], [(THREE, [DENIED]), (ONE, [YES])]),
]


@pytest.mark.parametrize(("rows", "passages"), [case[1:] for case in GOLD], ids=[case[0] for case in GOLD])
def test_passages(rows: list[Any], passages: list[tuple[str, list[Words]]], tmp_path: Path) -> None:
    found = read_export(export(rows, tmp_path))
    articles = found.stories.get("g", [])
    assert [(a.text.rstrip(), words(a)) for a in articles] == passages
    assert found.tasks == len({r[2].key for r in rows})
    assert (found.left_open == 0) == bool(passages and not any(r[2].skipped for r in rows))


def test_discontinuous_parts_and_spans_over_a_paragraphs_end(tmp_path: Path) -> None:
    story, own, done = review(NON, NON)
    end = len(ONE)
    wide = replace(own, content=(cut(TEXT, end + 2, end + 7), cut(TEXT, end + 8, end + 9)), source=(cut(TEXT, end - 4, end + 1),))
    (article,) = read_export(export([(story, own, replace(done, claims=(wide,)))], tmp_path)).stories["g"]
    assert article.text == f"{ONE}\n\n{TWO}\n\n"
    assert words(article) == [("aid.\n", "word", "“Non” … 🗞")]


@pytest.fixture(scope="module")
def rows(tmp_path_factory: pytest.TempPathFactory) -> pa.Table:
    """The table of a sound export of two stories, three rows."""
    other = Story("h", 1, TEXT)
    reviews = [review(YES, YES, ALL), review(NON, NON, story=other, number=2)]
    return pq.read_table(export(reviews, tmp_path_factory.mktemp("sound")) / TABLE)


def write(rows: list[dict[str, Any]], schema: pa.Schema, folder: Path) -> Path:
    (folder / TABLE).parent.mkdir(parents=True)
    pq.write_table(pa.Table.from_pylist(rows, schema=schema), folder / TABLE)
    return folder


def span(start: int, end: int, text: str | None = None) -> list[dict[str, Any]]:
    return [Span(start, end, TEXT[start:end] if text is None else text).to_dict()]


FAULTS = [
    # the columns of the second row that are spoilt, what is said of it
    ({"text": ""}, "the text is empty"),
    ({"text": " \n"}, "the text is empty"),
    ({"text": None}, "nothing stands in text"),
    ({"story_id": None, "annotation_id": None}, "nothing stands in story_id, annotation_id"),
    ({"text": TEXT + "!"}, "the text of 'g', version 1, is another than in a row before"),
    # offsets
    ({"cue": span(4, 99)}, f"cue: a span from 4 to 99 does not lie in a text of {len(TEXT)}"),
    ({"cue": span(-4, 8)}, "cue: a span from -4 to 8 does not lie"),
    ({"source": span(8, 4, "")}, "source: a span from 8 to 4 does not lie"),
    ({"model_content": span(0, 99)}, "model_content: a span from 0 to 99 does not lie"),
    ({"cue": span(4, 8, "says")}, r"cue \[4, 8\] is 'said' in the text, not 'says'"),  # a text that was changed under its spans
    ({"cue": [None]}, "cue has a span without start, end or text"),
    ({"cue": [{"start": 4, "end": None, "text": "said"}]}, "cue has a span without"),
    # roles
    ({"source": span(19, 22)}, r"source \[19, 22\] and cue \[18, 23\]|cue \[18, 23\] and source \[19, 22\] of one attribution overlap"),
    ({"content": [*span(9, 12), *span(9, 12)]}, r"content \[9, 12\] and content \[9, 12\] of one attribution overlap"),
]


@pytest.mark.parametrize(("spoilt", "said"), FAULTS)
def test_refused_with_row_and_fault(spoilt: dict[str, Any], said: str, rows: pa.Table, tmp_path: Path) -> None:
    first, second, third = rows.to_pylist()
    folder = write([first, second | spoilt, third], rows.schema, tmp_path / "data")
    with pytest.raises(BadData, match=said) as refused:
        read_export(folder)
    assert str(refused.value).startswith(f"{folder / TABLE}, row 2 (task {second['task_key']!r}): ")
    assert "\n" not in str(refused.value)


def _no_rows(table: pa.Table, path: Path) -> None:
    pq.write_table(table.slice(0, 0), path)


def _no_cue(table: pa.Table, path: Path) -> None:
    pq.write_table(table.drop_columns(["cue"]), path)


def _versions_as_words(table: pa.Table, path: Path) -> None:
    at = table.schema.names.index("story_version")
    pq.write_table(table.set_column(at, "story_version", pa.array(["1"] * len(table))), path)


def _cut_off(table: pa.Table, path: Path) -> None:
    pq.write_table(table, path)
    path.write_bytes(path.read_bytes()[:-40])


def _rotten(table: pa.Table, path: Path) -> None:
    pq.write_table(table, path)
    path.write_bytes(b"PAR1" + b"\xff" * 3000 + path.read_bytes()[3004:])


FILES = [
    (_no_rows, "no reviewed claims in it"),
    (_no_cue, "lacks the column cue of type list"),
    (_versions_as_words, "lacks the column story_version of type int64"),
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
    train, dev = split_stories(Export(stories(count), 0, 0))
    assert dev_share[0] <= len(dev) / 2 / count <= dev_share[1]
    assert not {a.id.split("/")[0] for a in train} & {a.id.split("/")[0] for a in dev}
    assert sorted(a.id for a in train + dev) == sorted(a.id for of in stories(count).values() for a in of)  # none lost
    backwards = dict(reversed(stories(count).items()))
    assert split_stories(Export(backwards, 0, 0)) == (train, dev)


def test_a_story_stays_where_it_is_when_others_come() -> None:
    before, after = split_stories(Export(stories(300), 0, 0)), split_stories(Export(stories(900), 0, 0))
    assert set(before[0]) <= set(after[0])
    assert set(before[1]) <= set(after[1])


@pytest.mark.parametrize("count", [0, 1])
def test_too_few_stories_to_split(count: int) -> None:
    with pytest.raises(BadInput, match=f"^{count} stories with reviewed passages: training needs at least 2"):
        split_stories(Export(stories(count), 0, 0))


FOLDERS = [
    # what DATA holds, what is said
    ([], "has neither train.jsonl and dev.jsonl nor claims/train.parquet; give a folder with"),
    (["train.jsonl"], "has no dev.jsonl; give a folder with train.jsonl and dev.jsonl, or one that `onrecord export` wrote"),
    (["dev.jsonl"], "has no train.jsonl; give"),
    (["dev.jsonl", "claims/train.parquet"], "has no train.jsonl; give"),  # half of one kind is not quietly taken for the other
    (["train.jsonl", "dev.jsonl"], "train.jsonl, line 1: "),
    (["claims/train.parquet"], "train.parquet: cannot be read as Parquet"),
]


@pytest.mark.parametrize(("files", "said"), FOLDERS)
def test_bad_data_leave_nothing_behind(files: list[str], said: str, tmp_path: Path) -> None:
    data = tmp_path / "data"
    (data / "claims").mkdir(parents=True)
    for file in files:
        (data / file).write_text("{\n")
    with pytest.raises(BadInput, match=said) as refused:
        train_model(data, tmp_path / "model", "encoder", 1)
    assert "\n" not in str(refused.value)
    assert [path.name for path in tmp_path.iterdir()] == ["data"]


def test_a_row_gone_bad_in_an_export_leaves_nothing_behind(rows: pa.Table, tmp_path: Path) -> None:
    first, *others = rows.to_pylist()
    write([first | {"cue": span(4, 99)}, *others], rows.schema, tmp_path / "data")
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
    assert sorted(words(a) for a in train + dev) == [[YES, ALL], [NON]]
    assert out == tmp_path / "model"
    assert files["train.parquet"] == folder / TABLE
    assert f"{folder}: 1 reviewed passages to learn from, 1 to measure on; 0 of 2 reviewed tasks" in capsys.readouterr().err
