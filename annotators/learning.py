"""One training run from data to a packed model folder: attribution, calibration, ONNX, card."""

from __future__ import annotations

import copy
import hashlib
import json
import random
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import load_file, save_file
from tokenizers import Tokenizer

from annotators.batches import Batch, Gold, epoch_batches
from annotators.card import model_card
from annotators.claims import calibrated
from annotators.claimset import Passage
from annotators.corpora import Article
from annotators.diagram import reliability_svg
from annotators.evaluation import bin_errors, fit_calibration, outcomes, predict, score_predicted
from annotators.models import load_model, special_ids
from annotators.network import AttributionNetwork, TorchBackend
from annotators.packing import NAMES, Sample, pack, unpack
from annotators.passage_windows import passage_batches, passage_window
from annotators.pieces import split_pieces
from annotators.scoring import Scores
from annotators.slices import Slice, Sure, intervals, slices, taken_for
from annotators.slimming import Window, narrow
from annotators.training import Learner, Recipe, tensors, tokenizer_of, train, write_aside
from annotators.windows import SIZE
from schemas.errors import BadInput


@dataclass(frozen=True)
class Figures:
    """What a packed model reaches on dev.

    sure: F1 with intervals; words: for each part what its words were taken for; speed: words a CPU-second, attribution alone.
    """

    scores: Scores
    ece: float
    bins: list[tuple[float, float, int]]
    sure: dict[str, Sure]
    slices: list[Slice]
    words: dict[str, dict[str, int]]
    speed: int


def learn(
    articles: Sequence[Article],
    dev: Sequence[Article],
    passages: Sequence[Passage],
    encoder: str,
    out: Path,
    recipe: Recipe,
    data: dict[str, Path],
) -> Figures:
    """Trains, packs and measures. Works in `OUT-work`, from where it resumes.

    data: the files trained on, for the card.
    Errors: BadInput where there is nothing to learn from, or `OUT-work` holds a run on other data or by another recipe.
    """
    if not articles or not dev or not passages:
        raise BadInput(f"{len(articles)} articles, {len(dev)} dev articles, {len(passages)} passages: training needs some of each")
    work = out.with_name(out.name + "-work")
    work.mkdir(parents=True, exist_ok=True)
    _claim_folder(work, repr((articles, dev, passages, encoder, recipe)))
    torch.manual_seed(recipe.seed)
    learner, tokenizer_file, special = _start(encoder, work)
    tokenizer = Tokenizer.from_file(str(tokenizer_file))
    ids = special_ids(tokenizer, special)
    if recipe.width:
        learner = _slim(learner, recipe.width, sample_windows(articles, tokenizer, ids, 480), work / "slim.safetensors")
    elif recipe.keep:
        learner.follow(copy.deepcopy(learner.network))
    windows = [passage_window(p, tokenizer) for p in passages]

    def plan(epoch: int) -> Iterator[Batch]:
        return epoch_plan(articles, windows, tokenizer, recipe, ids, epoch)

    curve = train(learner, plan, work, recipe, evaluate=evaluator(dev, tokenizer, ids))
    learner.load_state_dict(load_file(work / "best.safetensors"))
    shape = learner.network.encoder.config
    told = f"{shape.num_hidden_layers} layers, {shape.hidden_size} wide"
    history = {"start": _origin(encoder), "encoder": told, "recipe": asdict(recipe), "curve": curve}
    write_aside(work / "history.json", lambda path: path.write_text(json.dumps(history, indent=1)))
    samples = sample_windows(articles, tokenizer, ids)
    pack(learner.network, tokenizer_file, special, out, {"calibration": [1.0, 0.0]}, samples)
    return measure(out, dev, {name: hashlib.sha256(path.read_bytes()).hexdigest() for name, path in data.items()}, history)


def epoch_plan(
    articles: Sequence[Article],
    windows: Sequence[Gold],
    tokenizer: Tokenizer,
    recipe: Recipe,
    special: tuple[int, int],
    epoch: int,
) -> Iterator[Batch]:
    """One epoch's batches, the passages' strewn evenly among the articles' from a random start."""
    rng = random.Random(f"{recipe.seed}/{epoch}")
    written = passage_batches(windows, recipe.size, recipe.batch, special, rng)
    rng.shuffle(written)
    told = epoch_batches(list(articles), tokenizer, size=recipe.size, batch=recipe.batch, special=special, rng=rng)
    pieces = sum(len(article.text) for article in articles) / 4.5  # near enough to space the passages by
    every = max(1.0, pieces / recipe.size / recipe.batch / max(1, len(written)))
    due = rng.random() * every
    for number, batch in enumerate(told):
        yield batch
        while written and number >= due:
            yield written.pop()
            due += every
    yield from written


def sample_windows(articles: Sequence[Article], tokenizer: Tokenizer, special: tuple[int, int], count: int = 160) -> list[Sample]:
    """One window of each of `count` articles, strewn evenly, to choose the ranges of 8 bits by."""
    samples = []
    for article in articles[:: max(1, len(articles) // count)][:count]:
        pieces = split_pieces(article.text, tokenizer)[:SIZE]
        ids, feature = (np.pad(value, 1)[None] for value in (pieces.ids, pieces.feature))
        ids[0, [0, -1]] = special
        samples.append({"ids": ids, "feature": feature, "mask": np.ones(ids.shape, dtype=bool)})
    return samples


def _origin(encoder: str) -> str:
    """The revision of a model folder that is trained on, or an encoder's name."""
    config = Path(encoder) / "config.json"
    kept = json.loads(config.read_text(encoding="utf-8")) if config.is_file() else {}
    return f"the model {kept['revision']}" if "revision" in kept else f"the encoder {Path(encoder).name}"


def _start(encoder: str, work: Path) -> tuple[Learner, Path, tuple[str, str]]:
    """What to train, its tokenizer's file and special pieces: from an encoder, or from a model folder, which is trained on."""
    folder = Path(encoder)
    if (folder / "model.onnx").is_file():
        config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
        first, last = config["special"]
        return Learner(unpack(folder)), folder / "tokenizer.json", (first, last)
    tokenizer_file, special = _tokenizer(encoder, work)
    return Learner(AttributionNetwork.from_encoder(encoder)), tokenizer_file, special


def _slim(wide: Learner, width: int, samples: Sequence[Sample], kept: Path) -> Learner:
    """The learner made narrower, once a run, and told to follow the wide one."""
    if kept.exists():
        slim = Learner(wide.network.with_width(width))
        slim.load_state_dict(load_file(kept))
    else:
        windows = [_tensors(sample) for sample in samples]
        slim = Learner(narrow(wide.network, windows, width))
        write_aside(kept, lambda path: save_file(tensors(slim), path))
    slim.follow(wide.network)
    return slim


def _tensors(sample: Sample) -> Window:
    ids, feature, mask = (torch.from_numpy(sample[name]) for name in NAMES)
    return ids, feature, mask


def _claim_folder(work: Path, run: str) -> None:
    """Marks a work folder as this run's own, so that no other run takes its weights for its own and its card tells the truth."""
    mark, own = work / "run.sha256", hashlib.sha256(run.encode("utf-8", "surrogatepass")).hexdigest()
    if mark.exists() and mark.read_text() != own:
        raise BadInput(f"{work}: holds a run on other data, another encoder or recipe; delete it, or name another --out")
    write_aside(mark, lambda path: path.write_text(own))


def measure(out: Path, dev: Sequence[Article], hashes: dict[str, str], history: dict) -> Figures:
    """Calibrates a packed model on dev, and writes its card.

    hashes: SHA-256 of each file trained on, by name; history: where it started, its encoder, its recipe.
    """
    model = load_model(out)
    predict(dev[:1], model.tokenizer, model.backend)  # the first text waits for the model to be made ready
    began = time.process_time()
    predicted = predict(dev, model.tokenizer, model.backend)
    speed = sum(len(a.text.split()) for a in dev) / max(time.process_time() - began, 1e-9)
    said, true = outcomes(dev, predicted)
    model.config["calibration"] = [round(x, 4) for x in fit_calibration(said, true)]
    ece, bins = bin_errors(np.array([calibrated(float(p), model) for p in said]), true)
    found = [[r for r, _ in its] for its in predicted]
    sliced = intervals(dev, found), slices(dev, found), taken_for(dev, found)
    figures = Figures(score_predicted(dev, predicted), ece, bins, *sliced, round(speed))
    write_aside(out / "config.json", lambda path: path.write_text(json.dumps(model.config, indent=1) + "\n"))
    write_aside(out / "reliability.svg", lambda path: path.write_text(reliability_svg(bins), encoding="utf-8"))
    write_aside(out / "README.md", lambda path: path.write_text(model_card(model.revision, figures, hashes, history)))
    return figures


def evaluator(dev: Sequence[Article], tokenizer: Tokenizer, special: tuple[int, int]) -> Callable[[AttributionNetwork], dict[str, float]]:
    """Figures of a network on dev; `score` is what a run is to raise."""

    def evaluate(network: AttributionNetwork) -> dict[str, float]:
        scores = score_predicted(dev, predict(dev, tokenizer, TorchBackend(network, special)))
        figures = {f"exact_{role}": rates.f for role, rates in scores.exact.items()}
        figures |= {"relation_exact": scores.relation_exact.f, "relation_lenient": scores.relation_lenient.f}
        figures["word_content"] = scores.word["content"].f
        return figures | {"score": round(sum(figures.values()), 1)}

    return evaluate


def _tokenizer(encoder: str, work: Path) -> tuple[Path, tuple[str, str]]:
    """The encoder's tokenizer as one file, and the names of the pieces that open and close a window."""
    loaded = tokenizer_of(encoder)
    tokenizer = loaded.backend_tokenizer
    tokenizer.no_truncation()
    tokenizer.no_padding()
    path = work / "tokenizer.json"
    write_aside(path, lambda aside: tokenizer.save(str(aside)))
    return path, (loaded.cls_token or loaded.bos_token, loaded.sep_token or loaded.eos_token)
