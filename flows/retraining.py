"""`onrecord retrain`: from the newest export to a model that has passed the gate, or the one in use and why it stays.

Each step can be killed: what was trained is gone on from, what is in the registry is not trained again, a promotion is one step.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import logging
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from annotators.claimset import read_passages
from annotators.corpora import Article, read_articles
from annotators.exported import PASSAGES, TEST, TRAIN, VALIDATION, read_export, split_stories, tables
from annotators.exported_claims import read_reviewed, to_passages
from annotators.models import load_model
from annotators.registry import Registry, check_folder
from exports.manifest import read_manifest
from flows.learning import CLAIMS
from flows.model_commands import now
from flows.settings import Settings
from flows.store import Store
from flows.tracking import check_tracking, track
from schemas.errors import BadData, BadInput, Busy, MissingExtra
from schemas.labels import VERSION

if TYPE_CHECKING:
    from annotators.challenge import Frozen
    from annotators.gate import Verdict
    from annotators.retraining import Lessons

Say = Callable[[str], None]


@dataclass(frozen=True)
class Retrained:
    """What came of it. worst: of what the new model gets wrong and the one in use had right."""

    name: str
    verdict: Verdict
    worst: list[dict[str, str]]


def retrain(settings: Settings, data: Path | None, base: Sequence[Path], gold: Sequence[Path], epochs: int, say: Say) -> Retrained:
    """Trains, records, judges and promotes. data: an export, else the newest; base: articles trained on beside it; gold: more to judge by.

    Errors: BadInput where data or the model in use are not fit for it; Busy where another retraining is at work; what was trained and
    promoted stands where MLflow then cannot be told.
    """
    try:
        from annotators.retraining import retrain as train
    except ImportError as error:
        raise MissingExtra(f"training needs {error.name}: run `make train-env`, or install the extra `train`") from error
    check_tracking(settings.mlflow)
    models = Registry(settings.data / "models")
    start = models.current()
    check_folder(start)
    folder = data or _newest(settings)
    with _one_at_a_time(settings.data / "retraining"), _told():
        lessons, frozen = _lessons(folder, base), _frozen(folder, gold)
        name, manifest = _named(folder, lessons, start, epochs)
        if not lessons.dev:
            say('too few passages were reviewed whole (ticked "whole passage"): only the judge learns, attribution stays as it is')
        if not lessons.claims:
            say("no role, modality or stance was reviewed: only attribution learns, the judge stays as it is")
        say(
            f"{name}: {len(lessons.articles)} passages and {len(lessons.claims)} stories with judged claims to learn from, "
            f"{len(frozen.articles)} passages and {len(frozen.claims)} stories to judge by"
        )
        logging.getLogger("annotators").setLevel(logging.INFO)
        if name not in {entry.name for entry in models.entries()}:
            work = settings.data / "retraining" / name
            told = train(lessons, start, work / "model" / name, epochs)
            record = {"made": now(), "start": models.name_of(start), "base": [p.name for p in base], "data": manifest, **told}
            models.add(name, work / "model" / name, record)
            shutil.rmtree(work, ignore_errors=True)
        done = _let_in(models, name, frozen, say)
    if settings.mlflow:
        say(f"told MLflow: run {track(models.entry(name), settings.mlflow)}")
    return done


def _let_in(models: Registry, name: str, frozen: Frozen, say: Say) -> Retrained:
    """The gate against the model in use, noted in the record, and the promotion where it passes."""
    from annotators.challenge import challenge

    used = models.name_of(models.current())
    verdict, worst = challenge(load_model(models.current()), load_model(models.entry(name).folder), frozen, say)
    models.note(name, {"against": used, "why": verdict.why, "gate": [asdict(f) for f in verdict.figures], "worst new errors": worst})
    if verdict.promoted and used != name:
        models.promote(name, now(), verdict.why)
    return Retrained(name, verdict, worst)


def _newest(settings: Settings) -> Path:
    folder = Store(settings.store).newest_export()
    if folder is None:
        raise BadInput("nothing has been exported yet: `onrecord export`, or name an export with --data")
    if not Path(folder).is_dir():
        raise BadInput(f"{folder}: the newest export is not there any more; `onrecord export` again, or name one with --data")
    return Path(folder)


@contextmanager
def _told() -> Iterator[None]:
    """Faults in data told as wrong use."""
    try:
        yield
    except (BadData, UnicodeDecodeError) as error:
        raise BadInput(str(error)) from error


def _lessons(folder: Path, base: Sequence[Path]) -> Lessons:
    """What is learned from. Errors: BadInput for an export of another label set."""
    from annotators.retraining import Lessons

    manifest = read_manifest(folder)
    if manifest.label_set != VERSION:
        raise BadInput(f"{folder}: has label set {manifest.label_set}, this software {VERSION}; `onrecord relabel`, then export again")
    export = read_export(folder)
    train, dev = split_stories(export) if len(export.stories) > 1 else ([], [])  # one to learn from, one to measure on
    files = [path for split in (TRAIN, VALIDATION) for path in tables(folder, PASSAGES, split)]
    more = [article for path in base for article in _articles(path)]
    claims = to_passages(read_reviewed(folder, TRAIN))
    if not claims and not train:
        raise BadInput(f"{folder}: has no reviewed claims to learn from; review some, `onrecord pull`, and export again")
    written = [p for path in sorted(CLAIMS.glob("*.jsonl")) for p in read_passages(path)]
    return Lessons([*train, *more], dev, claims, written, {p.name: p for p in (*files, *base, *sorted(CLAIMS.glob("*.jsonl")))})


def _articles(path: Path) -> list[Article]:
    try:
        return read_articles(path)
    except OSError as error:
        raise BadInput(f"{path}: {error.strerror}; give articles in PolNeAR's format, JSON lines") from error


def _frozen(folder: Path, gold: Sequence[Path]) -> Frozen:
    """The export's test split, which nothing is trained on, and more gold where it is given."""
    from annotators.challenge import Frozen

    claims = read_reviewed(folder, TEST)
    rows = [(a, a.agency) for _, its in sorted(read_export(folder, (TEST,)).stories.items()) for a in its]
    rows += [(article, path.stem) for path in gold for article in _articles(path)]
    return Frozen([a for a, _ in rows], [agency for _, agency in rows], claims)


def _named(folder: Path, lessons: Lessons, start: Path, epochs: int) -> tuple[str, dict[str, Any]]:
    """A name that the data, the model trained on and the epochs alone decide, so that a run that was killed finds its own."""
    hashes = {name: hashlib.sha256(path.read_bytes()).hexdigest() for name, path in sorted(lessons.files.items())}
    revision = json.loads((start / "config.json").read_text(encoding="utf-8"))["revision"]
    digest = hashlib.sha256(json.dumps([hashes, revision, epochs]).encode()).hexdigest()
    manifest = {"export": str(folder), "files": hashes, "start revision": revision, "made": read_manifest(folder).made}
    return f"retrained-{digest[:10]}", manifest


@contextmanager
def _one_at_a_time(folder: Path) -> Iterator[None]:
    """A lock that dies with its process."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise Busy("another retraining is at work; wait for it, or stop it") from error
        yield
