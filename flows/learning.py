"""`onrecord train`: attribution or the judge, into a packed model folder."""

from __future__ import annotations

import logging
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from annotators.claimset import Labelled, Passage, read_passages
from annotators.corpora import Article, read_articles
from annotators.exported import PASSAGES, TRAIN, VALIDATION, read_export, split_stories, tables
from annotators.wire_labels import read_wire_labels
from flows.settings import ROOT
from flows.showing import err
from schemas.errors import BadData, BadInput, MissingExtra
from schemas.readers import read_stories

if TYPE_CHECKING:
    from annotators.learning import Figures
    from annotators.training import Recipe

CLAIMS = ROOT / "annotators" / "claims"
"""The project's own set of written claims."""


def train_model(data: Path, out: Path, encoder: str, epochs: int, width: int | None = None) -> None:
    """Checks all data first, then trains; a run that was killed goes on from `OUT-work`."""
    try:
        train, dev, files = read_data(data)
        passages = [p for path in sorted(CLAIMS.glob("*.jsonl")) for p in read_passages(path)]
    except BadData as error:
        raise BadInput(str(error)) from error
    except OSError as error:
        raise BadInput(f"{error.filename}: {error.strerror}") from error
    try:
        from annotators.learning import learn
    except ImportError as error:
        raise MissingExtra(f"training needs {error.name}: run `make train-env`, or install the extra `train`") from error
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s", datefmt="%H:%M:%S")
    hashes = {path.name: path for path in (*files, *sorted(CLAIMS.glob("*.jsonl")))}
    figures = learn(train, dev, passages, encoder, out, _recipe(epochs, width), hashes)
    _say(out, figures)


@dataclass(frozen=True)
class JudgeData:
    """What a judge learns from beside the written claims.

    wire: folder of stories that the project has labels of; teacher: a larger encoder, which learns first and is followed;
    unlabelled: articles on whose relations, and sentences that nobody said, it is followed too.
    """

    wire: Path | None = None
    teacher: str | None = None
    unlabelled: Path | None = None


def train_judge(out: Path, encoder: str, epochs: int, data: JudgeData, runs: int = 1) -> None:
    """Checks all data first, then trains the judge; a run that was killed goes on from `OUT-work`."""
    if data.unlabelled and not data.teacher:
        raise BadInput(f"--unlabelled {data.unlabelled}: nobody says what its claims are; give --teacher too")
    try:
        passages = [p for path in sorted(CLAIMS.glob("*.jsonl")) for p in read_passages(path)]
        passages += labelled_wire(data.wire) if data.wire else []
        unlabelled = [_without_labels(article) for article in read_articles(data.unlabelled)] if data.unlabelled else []
    except BadData as error:
        raise BadInput(str(error)) from error
    except OSError as error:
        raise BadInput(f"{error.filename}: {error.strerror}") from error
    try:
        from annotators.judge_learning import RECIPE, learn_judge
    except ImportError as error:
        raise MissingExtra(f"training needs {error.name}: run `make train-env`, or install the extra `train`") from error
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s", datefmt="%H:%M:%S")
    recipe = replace(RECIPE, epochs=epochs)
    reached = learn_judge(passages, encoder, out, recipe, runs=runs, teacher=data.teacher, unlabelled=unlabelled)
    for name, its in reached.items():
        print(f"{name}: accuracy {its['accuracy']}, macro-F1 {its['macro_f1']} on held-out passages")


def _without_labels(article: Article) -> Passage:
    """An article with its relations as claims of which nothing is known."""
    return Passage(article.id, article.id, "", article.text, tuple(Labelled(relation, {}) for relation in article.relations))


def labelled_wire(folder: Path, labels: Path = CLAIMS / "wire") -> list[Passage]:
    """The stories of a folder that the project has labels of. labels: theirs. Errors: BadInput where it has none of them."""
    if not folder.is_dir():
        raise BadInput(f"{folder}: no such folder; give one of wire files, as MUC-3's")
    with err().status(f"reading {folder}"):
        texts = [s.text for path in sorted(folder.iterdir()) if path.is_file() for s in read_stories(path.read_bytes(), path.name)]
        found = [read_wire_labels(path, texts) for path in sorted(labels.glob("*.jsonl"))]
    passages, total = [p for its, _ in found for p in its], sum(count for _, count in found)
    if not passages:
        raise BadInput(f"{folder}: has none of the {total} stories that the project has labels of; give MUC-3's folder")
    err().print(f"{folder}: {len(passages)} of the {total} wire stories that the project has labels of", markup=False)
    return passages


def _recipe(epochs: int, width: int | None) -> Recipe:
    """The default one; a model that is made narrower follows the wide one at a third of the rate."""
    from annotators.training import Recipe

    recipe = replace(Recipe(), epochs=epochs)
    return replace(recipe, width=width, encoder_rate=1.5e-4, head_rate=1.5e-4) if width else recipe


def read_data(data: Path) -> tuple[list[Article], list[Article], list[Path]]:
    """Train and dev articles of a folder in PolNeAR's format or of an export, and the files they are from."""
    lines = [data / "train.jsonl", data / "dev.jsonl"]
    there = [path.is_file() for path in lines]
    if all(there):
        train, dev = map(read_articles, lines)
        return train, dev, lines
    if any(there) or not tables(data, PASSAGES, TRAIN):
        raise BadInput(f"{data}: {_lack(data, there)}; give a folder with train.jsonl and dev.jsonl, or one that `onrecord export` wrote")
    train, dev = split_stories(read_export(data))
    err().print(f"{data}: {len(train)} passages reviewed whole to learn from, {len(dev)} to measure on", markup=False)
    return train, dev, [path for split in (TRAIN, VALIDATION) for path in tables(data, PASSAGES, split)]


def _lack(data: Path, there: list[bool]) -> str:
    if not data.is_dir():
        return "is not a folder" if data.exists() else "no such folder"
    if any(there):
        return f"has no {'dev' if there[0] else 'train'}.jsonl"
    return f"has neither train.jsonl and dev.jsonl nor {PASSAGES}/{TRAIN}.parquet"


def _say(out: Path, figures: Figures) -> None:
    exact = {role: rates.f for role, rates in figures.scores.exact.items()}
    print(f"{out}: exact F1 {exact}, relation lenient {asdict(figures.scores.relation_lenient)['f']}, calibration error {figures.ece:.3f}")
