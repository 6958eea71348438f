"""The whole circle on a real Label Studio, by the commands that people type, with PolNeAR's gold as the annotators' answers.

    nice python -m benchmarks.circle run ../shared/corpora                       a few hundred claims, into benchmarks/circle.json
    nice python -m benchmarks.circle run ../shared/corpora --claims 2000 --no-server --out FILE      reviews straight into the store

Train articles come in as wire, a day each (`onrecord nightly`: read, pre-labelled, pushed); two people review every task over the
server's API (see `benchmarks.gold_people`), the second a share of them, with slips; then `onrecord pull`, `export`, and `retrain` with the
gate, on the export's test split and on PolNeAR's dev. The shipped model has learned from these articles, so its pre-labels are better than
on wire that is new, and there is little that it could learn: the circle is measured, not the gain (see `benchmarks.learns`).
"""

from __future__ import annotations

import itertools
import json
import os
import random
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Collection, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated, Any

import httpx
import pyarrow.parquet as pq
import typer

from annotators.corpora import Article, read_articles
from annotators.registry import Registry
from benchmarks.gold_people import annotation, moved, told
from exports.splits import SPLITS
from flows.pushing import task_of
from flows.settings import ROOT
from flows.store import Store
from flows.studio import Studio
from flows.studio_server import RunningStudio, ensure_running, stop
from schemas.reviews import Review, parse_annotation
from schemas.sampling import drawn

Json = dict[str, Any]
FIRST, SECOND = "ann@desk.org", "bo@desk.org"
SLIP, TWICE, PASSAGES = 0.05, 0.2, 0.1
"""How often a person lets a wrong pre-label through, what share two people review, what share of paragraphs without a claim is reviewed."""
RELATIONS = range(5, 15)
"""Gold claims of an article that takes part: short ones, so that there are stories enough for splits."""
DAY = datetime(2026, 1, 1, 6, tzinfo=UTC)
PREFIX = "urn:polnear:"

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False, rich_markup_mode=None)


class Circle:
    """One run in a folder. steps: seconds of the wall and of the CPU of each, without the server's."""

    def __init__(self, folder: Path, articles: Sequence[Article]) -> None:
        self.data, self.wire = folder / "data", folder / "wire"
        self.articles = {PREFIX + article.id: article for article in articles}
        self.steps: dict[str, Json] = {}
        self.store_url = f"sqlite:///{self.data / 'onrecord.db'}"
        shares = {"ONRECORD_PASSAGES": str(PASSAGES), "ONRECORD_DOUBLE": str(TWICE), "ONRECORD_STORE_URL": "", "OMP_NUM_THREADS": "1"}
        self.environment = os.environ | {"ONRECORD_DATA": str(self.data)} | shares
        self.wire.mkdir(parents=True)
        for n, (guid, article) in enumerate(self.articles.items()):
            item = {"uri": guid, "type": "text", "headline": article.id, "body_text": article.text}
            item |= {"infosource": [{"name": article.id.split("_")[0]}], "versioncreated": (DAY + timedelta(days=n)).isoformat()}
            (self.wire / f"{n:04d}.json").write_text(json.dumps(item))

    def command(self, name: str, *arguments: str | Path, status: tuple[int, ...] = (0,)) -> str:
        """Runs an onrecord command as a step; gives what it printed."""
        began, before = time.monotonic(), resource.getrusage(resource.RUSAGE_CHILDREN)
        command = [Path(sys.executable).with_name("onrecord"), name, *map(str, arguments)]
        done = subprocess.run(command, env=self.environment, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=False)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        self.steps[name] = {"seconds": round(time.monotonic() - began, 1), "cpu seconds": round(cpu, 1)}
        assert done.returncode in status, f"onrecord {name} ended with {done.returncode}"
        return done.stdout

    def review(self, server: RunningStudio | None) -> None:
        """Everything that waits is reviewed by the first person, and its share by the second."""
        began = time.monotonic()
        store = Store(self.store_url)
        texts = {entry.story.guid: entry.story.text for entry in store.entries()}
        twice = {key for keys in store.doubled().values() for key in keys}
        if server:
            self._over_the_api(server, texts, twice)
        else:
            tasks = [task_of(entry, 0.5) for entry in store.entries()]
            twice = {key for task in tasks if drawn(key := task["data"]["key"], "double", TWICE)}
            store.add_reviews(self._answers(tasks, texts, twice), {})
        store.engine.dispose()
        self.steps["review"] = {"seconds": round(time.monotonic() - began, 1)}

    def _answers(self, tasks: Sequence[Json], texts: dict[str, str], twice: Collection[str]) -> Iterator[Review]:
        for number, (task, who, body) in enumerate(self._said(tasks, texts, twice), 1):
            made = body | {"id": number, "updated_at": datetime.now(UTC).isoformat()}
            yield parse_annotation(made, task["data"], who)

    def _over_the_api(self, server: RunningStudio, texts: dict[str, str], twice: Collection[str]) -> None:
        http = httpx.Client(base_url=server.url, headers={"Authorization": f"Token {server.token}"}, trust_env=False, timeout=60)
        with Studio(server.url, server.token) as studio, http:
            studio.ensure_people({FIRST, SECOND})
            people = {row["email"]: row["id"] for row in http.get("/api/users/").json()}
            project = studio.find_project(studio.title)
            assert project is not None
            tasks = list(studio.whole_tasks(project))
            for task, who, body in self._said(tasks, texts, twice):
                made = http.post(f"/api/tasks/{task['id']}/annotations/", params={"project": project}, json=body).raise_for_status().json()
                http.patch(f"/api/annotations/{made['id']}/", json={"completed_by": people[who]}).raise_for_status()

    def _said(self, tasks: Sequence[Json], texts: dict[str, str], twice: Collection[str]) -> Iterator[tuple[Json, str, Json]]:
        """Each task with who reviews it and what they submit."""
        by_story: dict[str, list[Json]] = {}
        for task in tasks:
            by_story.setdefault(task["data"]["guid"], []).append(task)
        for guid, its in sorted(by_story.items()):
            answers = told(its, texts[guid], *moved(self.articles[guid], texts[guid]))
            for task in its:
                for who in (FIRST, SECOND)[: 1 + (task["data"]["key"] in twice)]:
                    yield task, who, annotation(task, answers[task["data"]["key"]], SLIP, who)


def figures(circle: Circle, out: Path, agreed: Json) -> Json:
    """What was reviewed and exported, and what people agree on."""
    rows = [row for split in SPLITS for row in _table(out / "claims", split)]
    first = {(row["task_key"], row["annotation_id"]): row for row in reversed(rows)}  # a task's own claim is its first
    own = [row for row in first.values() if row["model_cue"] or row["model_content"]]
    untouched = [row for row in own if all(row[part] == row[f"model_{part}"] for part in ("source", "cue", "content"))]
    wrong = [row for row in own if "not a claim" in row["problems"]]
    passages = {split: _table(out / "attribution", split) for split in SPLITS}
    kept, gold = _against_gold(circle, [row for its in passages.values() for row in its])
    return {
        "stories": len({row["story_id"] for row in rows}),
        "tasks": len({row["task_key"] for row in rows}),
        "claims": len({row["task_key"] for row in own}),
        "reviews": len(first),
        "of pre-labels, accepted": len(untouched) - len([row for row in untouched if row in wrong]),
        "of pre-labels, edited": len(own) - len(untouched),
        "of pre-labels, no claim": len(wrong),
        "added": len([row for row in rows if row["cue"]]) - len([row for row in own if row["cue"]]),
        "hours, by the keystroke-level model": round(sum(row["seconds"] for row in first.values()) / 3600, 1),
        "agreement": {a["element"]: [a["measure"], a["claims"], a["value"], a["low"], a["high"]] for a in agreed["all"]},
        "rows": {split: len(_table(out / "claims", split)) for split in SPLITS},
        "passages": {split: len(its) for split, its in passages.items()},
        "relations in passages": kept["exported"],
        "of these as in the gold": kept["same"],
        "gold relations in these passages": gold,
    }


def _table(folder: Path, split: str) -> list[Json]:
    path = folder / f"{split}.parquet"
    return pq.read_table(path).to_pylist() if path.exists() else []


def _against_gold(circle: Circle, passages: Sequence[Json]) -> tuple[dict[str, int], int]:
    """How many exported relations are just the gold's, and how many the gold has there."""
    store = Store(circle.store_url)
    texts = {story.guid: story.text for story in store.reviewed_stories()}
    store.engine.dispose()
    kept, gold = {"exported": 0, "same": 0}, 0
    for row in passages:
        start, end = row["start"], row["start"] + len(row["text"])
        here = {_parts(r) for r in moved(circle.articles[row["story_id"]], texts[row["story_id"]])[0]}
        here = {parts for parts in here if all(start <= a and b <= end for part in parts for a, b in part)}
        its = [
            tuple(tuple((s["start"] + start, s["end"] + start) for s in r[role]) for role in ("source", "cue", "content"))
            for r in row["relations"]
        ]
        kept = {"exported": kept["exported"] + len(its), "same": kept["same"] + len(here & set(its))}
        gold += len(here)
    return kept, gold


def _parts(relation: Any) -> tuple:
    return relation.source, relation.cue, relation.content


def gate(circle: Circle) -> Json:
    """The word of the gate, and its figures, from the registry."""
    (entry,) = [e for e in Registry(circle.data / "models").entries() if e.name.startswith("retrained-")]
    shown = [{k: round(v, 2) if isinstance(v, float) else v for k, v in f.items()} for f in entry.record["gate"]]
    return {
        "in use": entry.current,
        "why": entry.record["why"],
        "gate": shown,
        "figures on the export's validation": entry.record["figures"],
    }


@app.callback()
def main() -> None:
    """Wire in, reviewed by a gold, a dataset out, a model retrained and put to the gate."""


@app.command()
def run(
    corpora: Path,
    claims: Annotated[int, typer.Option(help="About so many gold claims take part.")] = 400,
    epochs: int = 1,
    server: Annotated[bool, typer.Option(help="Review over a real Label Studio, or straight into the store.")] = True,
    base: Annotated[list[Path] | None, typer.Option(help="More articles to train on.")] = None,
    out: Path = Path("benchmarks/circle.json"),
    seed: int = 0,
) -> None:
    """Runs it all in a temporary folder and keeps the figures."""
    with tempfile.TemporaryDirectory(prefix="onrecord-circle-") as name:
        folder = Path(name)
        circle = Circle(folder, _some(read_articles(corpora / "polnear" / "train.jsonl"), claims, seed))
        running = _server(circle.data) if server else None
        try:
            circle.command("nightly", circle.wire, *([] if server else ["--no-push"]))
            circle.review(running)
            if server:
                circle.command("pull")
            circle.command("export", folder / "export")
            agreed = json.loads(circle.command("report", "agreement", "--json"))
            gold, more = corpora / "polnear" / "dev.jsonl", itertools.chain(*(("--base", path) for path in base or ()))
            circle.command("retrain", "--epochs", str(epochs), "--gold", gold, *more, status=(0, 1))
            found = {"epochs": epochs, "base": [path.name for path in base or ()], "label studio": server}
            found |= {"steps": circle.steps} | figures(circle, folder / "export", agreed) | gate(circle)
        finally:
            if running:
                stop(circle.data / "label-studio")
    out.write_text(json.dumps(found, indent=1) + "\n")
    print(json.dumps(found, indent=1))


def _some(articles: Sequence[Article], claims: int, seed: int) -> list[Article]:
    """Articles of a seeded order until there are claims enough."""
    order = [a for a in random.Random(seed).sample(articles, len(articles)) if len(a.relations) in RELATIONS]
    upto = itertools.accumulate(len(a.relations) for a in order)
    return [article for article, total in zip(order, upto, strict=True) if total - len(article.relations) < claims]


def _server(data: Path) -> RunningStudio:
    """A Label Studio of its own, where the commands look for one."""
    template = next(iter(sorted((ROOT / ".cache").glob("label-studio-template-*"))), None)
    if template:
        shutil.copytree(template, data / "label-studio")
        (data / "label-studio" / "server.json").unlink(missing_ok=True)  # else every copy asks for the template's port
    executable = ROOT / ".venv-label-studio" / "bin" / "label-studio"
    return ensure_running(data / "label-studio", executable, say=lambda line: print(line, file=sys.stderr))


if __name__ == "__main__":
    app()
