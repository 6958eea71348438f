"""How good a model's attribution is: beside people's figures, by publisher, and on texts in another dress.

Prints Markdown tables for docs/attribution.md. A text whose pieces a variant leaves as they were is not read again.
"""

from __future__ import annotations

import json
import sys
from collections import defaultdict
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from annotators.corpora import Article, Relation, read_articles
from annotators.evaluation import Predicted, predict, score_predicted
from annotators.models import Model, load_model
from annotators.pieces import split_pieces
from annotators.scoring import Scores
from annotators.variants import VARIANTS
from flows.settings import load_settings
from flows.showing import err
from schemas.errors import OnRecordError

COLUMNS: dict[str, Callable[[Scores], float]] = {
    "exact source": lambda s: s.exact["source"].f,
    "exact cue": lambda s: s.exact["cue"].f,
    "exact content": lambda s: s.exact["content"].f,
    "word content": lambda s: s.word["content"].f,
    "relation exact": lambda s: s.relation_exact.f,
    "relation lenient": lambda s: s.relation_lenient.f,
}
PEOPLE = dict(zip(COLUMNS, (79.3, 72.0, 69.5, 91.6, 60.7, 75.6), strict=True))
"""Six annotators of the same PolNeAR articles against each other, by the same measures."""

Figures = dict[str, float]
app = typer.Typer(add_completion=False, pretty_exceptions_enable=False, rich_markup_mode=None)


class Reader:
    """Finds relations, and reads no text twice that a model would see as the same."""

    def __init__(self, model: Model) -> None:
        self._model = model
        self._known: dict[bytes, list[tuple[Relation, float]]] = {}

    def seen(self, article: Article) -> bytes:
        """What the model sees of a text: pieces, their form and where they stand."""
        pieces = split_pieces(article.text, self._model.tokenizer)
        return b"".join(part.tobytes() for part in (pieces.ids, pieces.feature, pieces.start, pieces.end))

    def predict(self, articles: Sequence[Article]) -> Predicted:
        """Each article's found relations, as `annotators.evaluation.predict` gives them."""
        keys = [self.seen(a) for a in articles]
        new = {key: a for key, a in zip(keys, articles, strict=True) if key not in self._known}
        self._known.update(zip(new, predict(list(new.values()), self._model.tokenizer, self._model.backend), strict=True))
        return [self._known[key] for key in keys]


def figures(articles: Sequence[Article], predicted: Predicted) -> Figures:
    """F1 of each column, in percent."""
    scores = score_predicted(articles, predicted)
    return {name: value(scores) for name, value in COLUMNS.items()}


def publisher(article: Article) -> str:
    """What an article's id begins with, up to its first underscore."""
    return article.id.partition("_")[0]


def measure(articles: Sequence[Article], model: Model, say: Callable[[str], None]) -> dict[str, Any]:
    """All figures, as --json prints them; say: told what is being read."""
    reader = Reader(model)
    say(f"reading {len(articles)} articles")
    predicted = reader.predict(articles)
    whole = figures(articles, predicted)
    variants = {}
    for number, (name, change) in enumerate(VARIANTS.items(), 1):
        say(f"reading {len(articles)} articles, variant {number} of {len(VARIANTS)}: {name}")
        variants[name] = _variant(articles, [change(a) for a in articles], whole, reader)
    counts = {"articles": len(articles), "relations": sum(len(a.relations) for a in articles)}
    return {
        "model": model.revision,
        **counts,
        "people": PEOPLE,
        "figures": whole,
        "publishers": _by_publisher(articles, predicted),
        "variants": variants,
    }


def _variant(articles: Sequence[Article], changed: Sequence[Article], whole: Figures, reader: Reader) -> dict[str, Any]:
    """Figures of a variant, what they differ by, and how many articles look different to the model."""
    its = figures(changed, reader.predict(changed))
    return {
        "read otherwise": sum(reader.seen(a) != reader.seen(b) for a, b in zip(articles, changed, strict=True)),
        "figures": its,
        "difference": {name: round(its[name] - whole[name], 1) for name in COLUMNS},
    }


def _by_publisher(articles: Sequence[Article], predicted: Predicted) -> dict[str, dict[str, Any]]:
    groups: dict[str, list[int]] = defaultdict(list)
    for number, article in enumerate(articles):
        groups[publisher(article)].append(number)
    return {
        name: {
            "articles": len(its),
            "relations": sum(len(articles[i].relations) for i in its),
            "figures": figures([articles[i] for i in its], [predicted[i] for i in its]),
        }
        for name, its in sorted(groups.items())
    }


def markdown(result: dict[str, Any]) -> str:
    """Three tables, each with a line that says what it shows."""
    whole, people = result["figures"], result["people"]
    return "\n\n".join(
        [
            f"Model {result['model']} on {result['articles']} articles with {result['relations']} relations, F1 in percent:",
            _table(["", *COLUMNS], [["people", *_cells(people)], ["model", *_cells(whole)]]),
            "By publisher:",
            _table(
                ["publisher", "articles", "relations", *COLUMNS],
                [[name, row["articles"], row["relations"], *_cells(row["figures"])] for name, row in result["publishers"].items()],
            ),
            "The same articles in another dress, with the difference (read otherwise: articles that look different to the model):",
            _table(
                ["", "read otherwise", *COLUMNS],
                [["as they are", "", *_cells(whole)]]
                + [[name, row["read otherwise"], *_cells(row["figures"], row["difference"])] for name, row in result["variants"].items()],
            ),
        ]
    )


def _cells(its: Figures, difference: Figures | None = None) -> list[str]:
    if difference is None:
        return [f"{its[name]:.1f}" for name in COLUMNS]
    return [f"{its[name]:.1f} ({difference[name]:+.1f})" if difference[name] else f"{its[name]:.1f} (0)" for name in COLUMNS]


def _table(head: Sequence[str], rows: Sequence[Sequence[Any]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(str(cell).replace('|', '/') for cell in line)} |" for line in lines)


@app.command(epilog="Example: python benchmarks/quality.py polnear/dev.jsonl --model data/models/mine")
def quality(
    gold: Annotated[Path, typer.Argument(help="Gold articles, JSON lines; an id begins with its publisher and _.", show_default=False)],
    model: Annotated[Path | None, typer.Option(help="Model folder; default: the shipped model.", show_default=False)] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Print a model's attribution figures beside people's, by publisher, and on changed texts."""
    articles = read_articles(gold)
    loaded = load_model(model or load_settings().model)
    with err().status("reading") as status:
        result = measure(articles, loaded, status.update)
    print(json.dumps(result, indent=1, ensure_ascii=False) if as_json else markdown(result))


def main() -> None:
    """Runs the benchmark; turns errors that a user can cause into one line."""
    try:
        app()
    except BrokenPipeError:
        sys.exit(1)
    except OnRecordError as error:
        print(f"quality: {error}", file=sys.stderr)
        sys.exit(2)
    except OSError as error:
        print(f"quality: {error.strerror or error}{f': {error.filename}' if error.filename else ''}", file=sys.stderr)
        sys.exit(1)


if __name__ == "__main__":
    main()
