"""`onrecord models`: what is in the registry, how two compare, which is in use."""

from __future__ import annotations

import json
import logging
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console
from rich.table import Table

from annotators.gate import Figure, compare, judge, relation_counts, worst_new_errors
from annotators.models import load_model
from annotators.registry import Registry
from flows.settings import load_settings
from flows.showing import err
from schemas.errors import BadData, BadInput


def registry() -> Registry:
    """The models under the data folder."""
    return Registry(load_settings().data / "models")


def list_models() -> None:
    """A line a model, a star before the one in use."""
    for entry in registry().entries():
        said = entry.record.get("why") or entry.record.get("made", "")
        print(f"{'*' if entry.current else ' '} {entry.name}\t{load_model(entry.folder).revisions}\t{said}")


def add_model(name: str, folder: Path) -> None:
    """Takes a model folder into the registry."""
    entry = registry().add(name, folder, {"made": now(), "taken from": str(folder.resolve())})
    print(f"{entry.name} is in {entry.folder}; `onrecord models compare` and `promote` come next")


def compare_models(before: str, after: str, gold: Path) -> bool:
    """The gate's figures of two models on frozen gold, its word, and the ten worst new errors. Gives whether it lets the second in."""
    from annotators.corpora import read_articles
    from annotators.evaluation import predict

    entries = [registry().entry(name) for name in (before, after)]
    try:
        articles = read_articles(gold)
    except BadData as error:
        raise BadInput(str(error)) from error
    except OSError as error:
        raise BadInput(f"{gold}: {error.strerror}") from error
    found = []
    for entry in entries:
        model = load_model(entry.folder)
        with err().status(f"{entry.name} reads {len(articles)} articles"):
            found.append([[r for r, _ in its] for its in predict(articles, model.tokenizer, model.backend)])
    verdict = judge(compare(relation_counts(articles, found[0]), relation_counts(articles, found[1])))
    Console().print(_table(verdict.figures, before, after))
    for lost in worst_new_errors(articles, found[0], found[1]):
        print(json.dumps({"lost": lost}, ensure_ascii=False))
    print(f"{after} {'passes' if verdict.promoted else 'does not pass'}: {verdict.why}")
    return verdict.promoted


def promote_model(name: str, gold: Path) -> bool:
    """Puts a model in use if it passes the gate against the one that is. Gives whether it was."""
    models = registry()
    used = models.name_of(models.current())
    if used == name:
        print(f"{name} is in use already")
        return True
    if not compare_models(used, name, gold):
        return False
    models.promote(name, now(), f"passed against {used} on {gold.name}")
    print(f"{name} is in use; `onrecord rollout` shows it on open tasks")
    return True


def roll_back_model() -> None:
    """Puts the model back that was in use before."""
    print(f"{registry().roll_back(now()).name} is in use again")


def now() -> str:
    """The time, ISO 8601."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def retrain_model(data: Path | None, base: list[Path], gold: list[Path], epochs: int) -> bool:
    """Retrains on the newest export and says whether the new model came into use."""
    from flows.retraining import retrain

    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s", datefmt="%H:%M:%S")
    settings = load_settings()
    done = retrain(settings, data, base, gold, epochs, lambda line: err().print(line, markup=False))
    Console().print(_table(done.verdict.figures, "in use", done.name))
    if done.verdict.promoted:
        print(f"{done.name} is in use: {done.verdict.why}; `onrecord rollout` shows it on open tasks")
        if settings.model:
            err().print(f"ONRECORD_MODEL={settings.model} stands before it: unset that, or nights go on with it", markup=False)
        return True
    for lost in done.worst:
        print(json.dumps({"lost": lost}, ensure_ascii=False))
    print(f"{done.name} does not pass, the model in use stays: {done.verdict.why}")
    return False


def _table(figures: list[Figure], before: str, after: str) -> Table:
    table = Table("F1", "stories", before, after, "95 % of the difference", "")
    for f in figures:
        said = "better" if f.better else "worse" if f.worse else ""
        table.add_row(f.name, str(f.stories), f"{f.before:.1f}", f"{f.after:.1f}", f"{f.low:+.2f} to {f.high:+.2f}", said)
    return table
