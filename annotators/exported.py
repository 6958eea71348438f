"""Reads a folder that `onrecord export` wrote as articles to train attribution on.

An export holds reviewed claims with their story's text, not passages reviewed whole. So an article is made of the paragraphs
that a review showed, and of no others: elsewhere nobody has said that there is no claim. Left out, too, is a paragraph that a
reviewer left open. A pre-labelled claim of a shown paragraph that nobody has reviewed yet counts as none; an export does not tell.
"""

from __future__ import annotations

import hashlib
from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from annotators.corpora import Article, Relation, read_relation
from annotators.pieces import paragraph_starts
from annotators.tags import ROLES
from schemas.errors import BadData, BadInput
from schemas.labels import Problem
from schemas.spans import cut

TABLE, VALIDATION = Path("claims", "train.parquet"), Path("claims", "validation.parquet")
"""Where an export keeps the claims to learn from and to measure on."""
TEST = Path("claims", "test.parquet")
"""Where it keeps those by which models are let in; no training reads them."""
DEV_SHARE = 0.1

_SPANS = pa.list_(pa.struct({"start": pa.int32(), "end": pa.int32(), "text": pa.string()}))
_COLUMNS = (
    {"task_key": pa.string(), "story_id": pa.string(), "story_version": pa.int64(), "text": pa.string(), "agency": pa.string()}
    | {"annotation_id": pa.int64(), "updated": pa.string(), "skipped": pa.bool_(), "counts": pa.bool_(), "problems": pa.list_(pa.string())}
    | {name: _SPANS for role in ROLES for name in (role, f"model_{role}")}
)
_NEEDED = ("task_key", "story_id", "story_version", "text", "annotation_id")

Row = dict[str, Any]
Range = tuple[int, int]
Texts = dict[str, dict[int, str]]
"""Story texts by guid and version."""


@dataclass(frozen=True)
class Export:
    """The reviewed passages by their story's guid; how many tasks were reviewed, and lie in none; the stories to measure on."""

    stories: dict[str, list[Article]]
    tasks: int
    left_open: int
    validation: frozenset[str] = frozenset()


@dataclass(frozen=True)
class _Review:
    """What one person left of a passage. shown: from its first span to the end of its last; whole: False where it was left open."""

    shown: Range
    relations: tuple[Relation, ...]
    whole: bool


def read_export(folder: Path, tables: Sequence[Path] | None = None) -> Export:
    """The passages people have reviewed. Of several reviews of a task that counts which the export says does.

    tables: the splits read, those to learn from.

    Errors: BadData names file, row (from 1) and fault.
    """
    texts: Texts = defaultdict(dict)
    tasks: dict[tuple[str, str], dict[int, list[Row]]] = defaultdict(lambda: defaultdict(list))
    validation: set[str] = set()
    agencies: dict[str, str] = {}
    for path in tables or ((TABLE, VALIDATION) if (folder / VALIDATION).exists() else (TABLE,)):
        for row in _checked_rows(folder / path, texts):
            tasks[row["story_id"], row["task_key"]][row["annotation_id"]].append(row)
            agencies[row["story_id"]] = row["agency"] or ""
            validation |= {row["story_id"]} if path == VALIDATION else set()
    reviews: dict[tuple[str, int], list[_Review]] = defaultdict(list)
    for (guid, _), judged in tasks.items():
        taken = max(judged.values(), key=lambda rows: (rows[0]["counts"], rows[0]["updated"] or "", rows[0]["annotation_id"]))
        version, review = _carried(_review(taken), taken[0]["story_version"], texts[guid])
        reviews[guid, version].append(review)
    stories: dict[str, list[Article]] = defaultdict(list)
    left_out = 0
    for (guid, version), of_version in reviews.items():
        articles, unused = _articles(f"{guid} v{version}", texts[guid][version], of_version)
        stories[guid] += [replace(article, agency=agencies[guid]) for article in articles]
        left_out += unused
    found = {guid: articles for guid, articles in stories.items() if articles}
    return Export(found, len(tasks), left_out, frozenset(validation & found.keys()))


def split_stories(export: Export) -> tuple[list[Article], list[Article]]:
    """Train and dev articles: the export's own validation split is dev, and about one story in ten where it has none.

    Errors: BadInput where there are fewer than two stories.
    """
    stories = export.stories
    if len(stories) < 2:
        raise BadInput(
            f"{len(stories)} stories with reviewed passages: training needs at least 2, one of them to measure on; "
            "review more in Label Studio, then `onrecord pull` and `onrecord export`"
        )
    order = sorted(stories, key=lambda guid: (guid not in export.validation, _lot(guid)))
    dev = len(export.validation) or max(1, sum(_lot(guid) < DEV_SHARE for guid in order))
    dev = min(dev, len(order) - 1)
    return [a for guid in order[dev:] for a in stories[guid]], [a for guid in order[:dev] for a in stories[guid]]


def _lot(guid: str) -> float:
    """A number from 0 to 1 that the guid alone decides."""
    return int.from_bytes(hashlib.sha256(guid.encode("utf-8", "surrogatepass")).digest()[:6], "big") / 2**48


def _checked_rows(path: Path, texts: Texts) -> Iterator[Row]:
    """The rows, their relation read; fills `texts` by guid and version, so that a story's text is kept once."""
    number = 0
    for number, row in enumerate(_rows(path), 1):
        try:
            missing = [name for name in _NEEDED if row[name] is None]
            if missing:
                raise BadData(f"nothing stands in {', '.join(missing)}")
            text = row.pop("text")
            if not text.strip():
                raise BadData("the text is empty")
            if texts[row["story_id"]].setdefault(row["story_version"], text) != text:
                raise BadData(f"the text of {row['story_id']!r}, version {row['story_version']}, is another than in a row before")
            for name in (part for role in ROLES for part in (f"model_{role}", role)):
                row[name] = [_range(span, text, name) for span in row[name] or ()]
            row["relation"] = read_relation({role: [list(r) for r in row[role]] for role in ROLES}, text)
        except BadData as error:
            raise BadData(f"{path}, row {number} (task {row['task_key']!r}): {error}") from error
        yield row
    if not number:
        raise BadData(f"{path}: no reviewed claims in it")


def _rows(path: Path) -> Iterator[Row]:
    try:
        with pq.ParquetFile(path) as file:
            for name, kind in _COLUMNS.items():
                if name not in file.schema_arrow.names or file.schema_arrow.field(name).type != kind:
                    raise BadData(f"{path}: lacks the column {name} of type {kind}; expected what `onrecord export` wrote")
            for batch in file.iter_batches(batch_size=256, columns=list(_COLUMNS)):
                yield from batch.to_pylist()
    except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
        raise BadData(f"{path}: cannot be read as Parquet: {str(error).splitlines()[0]}") from error


def _range(span: Row | None, text: str, name: str) -> Range:
    if span is None or None in span.values():
        raise BadData(f"{name} has a span without start, end or text")
    try:
        there = cut(text, span["start"], span["end"])
    except BadData as error:
        raise BadData(f"{name}: {error}") from error
    if there.text != span["text"]:
        raise BadData(f"{name} [{there.start}, {there.end}] is {there.text!r} in the text, not {span['text']!r}")
    return there.start, there.end


def _review(rows: Sequence[Row]) -> _Review:
    """One annotation's rows, of which the first has the model's side, as what its author left.

    A problem that was ticked and not mended leaves the passage open; a stretch that is said to be no claim is none.
    """
    first, problems = rows[0], rows[0]["problems"] or ()
    untouched = all(first[role] == first[f"model_{role}"] for role in ROLES)
    is_open = first["skipped"] or (len(rows) == 1 and (Problem.MISSED_ONE in problems or (untouched and Problem.BAD_SPLIT in problems)))
    kept = rows[1:] if untouched and Problem.NOT_A_CLAIM in problems else rows
    spans = [r for row in rows for role in ROLES for r in (*row[role], *row[f"model_{role}"])]
    shown = min((a for a, _ in spans), default=0), max((b for _, b in spans), default=0)
    # what has neither cue nor source is attributed to nobody
    return _Review(shown, tuple(row["relation"] for row in kept if row["cue"] or row["source"]), not is_open)


def _carried(review: _Review, version: int, texts: dict[int, str]) -> tuple[int, _Review]:
    """A review in the newest version of its story that has its paragraphs verbatim.

    A claim keeps its review when a new version comes, so a paragraph may have reviews of two versions: only together they are gold.
    """
    text, edges = texts[version], _edges(texts[version])
    a, b = _paragraphs(review.shown, edges)
    passage = text[edges[a] : edges[b]].rstrip()
    for newer in sorted((v for v in texts if v > version), reverse=True):
        at = f"\n\n{texts[newer]}\n\n".find(f"\n\n{passage}\n\n")
        if at >= 0 and review.shown[1] <= edges[a] + len(passage):
            by = at - edges[a]
            moved = tuple(_shifted(r, by) for r in review.relations)
            return newer, _Review((review.shown[0] + by, review.shown[1] + by), moved, review.whole)
    return version, review


def _articles(name: str, text: str, reviews: Sequence[_Review]) -> tuple[list[Article], int]:
    """The runs of reviewed paragraphs of a text, their relations' offsets counted from the run's begin; how many reviews are in none.

    Reviews that share a paragraph stand and fall together: with one of them open, a claim would be missing from it.
    """
    edges = _edges(text)
    placed = [(review, *_paragraphs(review.shown, edges)) for review in reviews if review.shown[1]]
    left_open = [a for review, a, _ in placed if not review.whole]
    sharing = _merged(((a, b) for _, a, b in placed), touching=False)
    runs = _merged(((a, b) for a, b in sharing if not any(a <= n < b for n in left_open)), touching=True)
    articles = []
    for a, b in runs:
        start, end = edges[a], edges[b]
        inside = {_shifted(r, -start) for review, n, _ in placed if a <= n < b for r in review.relations}
        articles.append(Article(f"{name} [{start}, {end}]", text[start:end], tuple(sorted(inside, key=_place))))
    return articles, len(reviews) - sum(a <= n < b for a, b in runs for _, n, _ in placed)


def _edges(text: str) -> list[int]:
    """Where paragraphs begin, and the text's end: a paragraph goes on to the next one's begin, so that every span lies in one."""
    return [*paragraph_starts(text), len(text)]


def _paragraphs(shown: Range, edges: list[int]) -> Range:
    """Numbers of the first and the one-past-last paragraph that hold a stretch."""
    return bisect_right(edges, shown[0]) - 1, bisect_left(edges, shown[1])


def _merged(ranges: Iterable[Range], *, touching: bool) -> list[Range]:
    """Ranges that overlap, or merely touch, made one; in order."""
    merged: list[Range] = []
    for a, b in sorted(ranges):
        if merged and a < merged[-1][1] + touching:
            merged[-1] = merged[-1][0], max(b, merged[-1][1])
        else:
            merged.append((a, b))
    return merged


def _shifted(relation: Relation, by: int) -> Relation:
    return Relation(**{role: tuple((a + by, b + by) for a, b in getattr(relation, role)) for role in ROLES})


def _place(relation: Relation) -> tuple[Any, ...]:
    """Where a relation begins; then all of it, so that those with one source have an order that is the same on every run."""
    return min(relation.source + relation.cue + relation.content), relation.source, relation.cue, relation.content
