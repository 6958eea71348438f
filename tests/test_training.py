"""Training on a tiny real encoder: it learns, is resumed to the same weights, and packs what it learned."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from annotators.claimset import read_passages
from annotators.corpora import Article, Relation
from annotators.models import load_model
from schemas.errors import BadInput
from tests.tiny import tiny_encoder

torch = pytest.importorskip("torch", reason="needs the train extra: `make train-env`")
pytestmark = pytest.mark.train
ROOT = Path(__file__).resolve().parent.parent
NAMES = ("Ana Vidal", "The minister", "Police", "A union leader", "The army", "Diaz")
CUES = ("said", "denied", "warned", "announced")
CONTENTS = ("prices would fall", "the road was closed", "nobody had been hurt", "the talks had failed")


def article(number: int) -> Article:
    """Four sentences of one form, so that a tiny network can learn them."""
    text, relations = "", []
    for n in range(number, number + 4):
        parts = NAMES[n % 6], CUES[n % 4], CONTENTS[(n * 3) % 4]
        spans = []
        for part in parts:
            spans.append(((len(text), len(text) + len(part)),))
            text += part + " "
        text = text[:-1] + ". It rained all day.\n\n"
        relations.append(Relation(*spans))
    return Article(f"a{number}", text.strip(), tuple(relations))


ARTICLES = [article(n) for n in range(24)]


@pytest.fixture(scope="module")
def encoder(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Two layers, 32 wide, over the words of the articles."""
    return tiny_encoder(tmp_path_factory.mktemp("encoder"), (a.text for a in ARTICLES), layers=2)


@pytest.fixture(scope="module")
def recipe():
    from annotators.training import Recipe

    return Recipe(epochs=8, size=64, batch=4, encoder_rate=3e-3, head_rate=1e-2, average=0.9)


def run(out: Path, encoder: str, recipe):
    from annotators.learning import learn

    passages = read_passages(ROOT / "annotators" / "claims" / "asia.jsonl")[:8]
    return learn(ARTICLES, ARTICLES[:6], passages, encoder, out, recipe, {"tests": ROOT / "tests" / "test_training.py"})


def test_it_learns_and_packs(tmp_path: Path, encoder: str, recipe) -> None:
    out = tmp_path / "tiny"
    figures = run(out, encoder, recipe)
    history = json.loads((tmp_path / "tiny-work" / "history.json").read_text())
    losses = [epoch["loss"] for epoch in history["curve"]]
    assert losses[-1] < losses[0] / 3
    assert figures.scores.exact["cue"].f > 80
    assert not list(tmp_path.rglob("*.part"))
    card = (out / "README.md").read_text()
    assert load_model(out).revision in card
    assert {s.kind for s in figures.slices} == {"length", "naming", "quotation"}
    low, high = figures.sure["exact cue"][1:]
    assert f"| exact cue | {figures.scores.exact['cue'].f} | {low} to {high} |" in card
    assert "| gold, then said | cue | source | content | none |" in card
    assert f"**Speed**: {figures.speed} words a CPU-second" in card
    assert figures.speed > 0

    with pytest.raises(BadInput, match="holds a run on other data"):  # else the card would name what was not learned from
        run(out, encoder, replace(recipe, seed=21))

    from safetensors.torch import load_file

    from annotators.network import AttributionNetwork, TorchBackend
    from annotators.packing import unpack
    from annotators.training import Learner

    trained_weights = load_file(tmp_path / "tiny-work" / "best.safetensors")
    learner = Learner(AttributionNetwork.from_encoder(encoder))
    learner.load_state_dict(trained_weights)
    unpacked = unpack(out)
    for name, value in unpacked.state_dict().items():  # what was packed can be trained on, as exact as 8 bits are
        trained_weight = trained_weights[f"network.{name}"]
        assert (value - trained_weight).abs().max() <= 0.1 * trained_weight.abs().max() + 1e-3, name
    ids = np.random.default_rng(1).integers(5, 20, (3, 17))
    feature, mask = ids % 4, np.arange(17) < np.array([[17], [9], [17]])
    packed, trained = load_model(out).backend, TorchBackend(learner.network, (2, 3))
    for mine, theirs in zip(packed.run(ids, feature, mask), trained.run(ids, feature, mask), strict=True):
        same = np.corrcoef(mine[mask].ravel(), theirs[mask].ravel())[0, 1]
        assert same > 0.98  # 8 bits of a network 32 wide; a wrong weight anywhere gives far less
    again = TorchBackend(unpacked, (2, 3)).run(ids, feature, mask)[0]
    assert np.corrcoef(again[mask].ravel(), trained.run(ids, feature, mask)[0][mask].ravel())[0, 1] > 0.98


def test_a_packed_model_is_trained_on(tmp_path: Path, encoder: str, recipe) -> None:
    run(tmp_path / "first", encoder, replace(recipe, epochs=4))
    figures = run(tmp_path / "second", str(tmp_path / "first"), replace(recipe, epochs=1, encoder_rate=1e-5, head_rate=1e-5))
    before = json.loads((tmp_path / "first-work" / "history.json").read_text())["curve"][-1]["exact_cue"]
    assert figures.scores.exact["cue"].f > before - 15


def test_training_stops_when_dev_no_longer_gains(tmp_path: Path, encoder: str, recipe) -> None:
    from annotators.training import train

    scores = iter([1.0, 5.0, 4.0, 5.0, 3.0, 9.0])
    learner, plan = _learner_and_plan(encoder, recipe)
    curve = train(learner, plan, tmp_path / "out", replace(recipe, epochs=6, patience=3), evaluate=lambda _: {"score": next(scores)})
    assert [epoch["score"] for epoch in curve] == [1.0, 5.0, 4.0, 5.0, 3.0]  # no gain on 5 in three epochs


def _learner_and_plan(encoder: str, recipe):
    from tokenizers import Tokenizer

    from annotators.learning import epoch_plan
    from annotators.network import AttributionNetwork
    from annotators.passage_windows import passage_window
    from annotators.training import Learner

    torch.manual_seed(1)
    tokenizer = Tokenizer.from_file(f"{encoder}/tokenizer.json")
    windows = [passage_window(p, tokenizer) for p in read_passages(ROOT / "annotators" / "claims" / "asia.jsonl")[:4]]
    learner = Learner(AttributionNetwork.from_encoder(encoder))
    return learner, lambda epoch: epoch_plan(ARTICLES, windows, tokenizer, recipe, (2, 3), epoch)


@pytest.mark.parametrize("kill", ["at the end of an epoch", "in the middle of one"])
def test_a_killed_run_ends_where_an_undisturbed_one_ends(tmp_path: Path, encoder: str, recipe, kill: str) -> None:
    from safetensors.torch import load_file

    from annotators.training import train

    short = replace(recipe, epochs=3)

    def go(out: Path, die: bool = False) -> None:
        calls, steps = 0, 0

        def evaluate(_: object) -> dict[str, float]:
            nonlocal calls
            calls += 1
            if die and kill == "at the end of an epoch" and calls == 2:
                raise KeyboardInterrupt
            return {"score": float(calls)}

        def clock() -> float:
            nonlocal steps
            steps += 1
            if die and kill == "in the middle of one" and steps == 40:
                raise KeyboardInterrupt
            return steps * 3600.0  # an hour has passed at each look: a checkpoint after every step

        learner, plan = _learner_and_plan(encoder, short)
        train(learner, plan, out, short, evaluate=evaluate, clock=clock)

    go(tmp_path / "whole")
    with pytest.raises(KeyboardInterrupt):
        go(tmp_path / "killed", die=True)
    go(tmp_path / "killed")
    whole, killed = (load_file(tmp_path / name / "checkpoint.safetensors") for name in ("whole", "killed"))
    assert whole.keys() == killed.keys()
    for name in whole:
        torch.testing.assert_close(killed[name], whole[name], rtol=0, atol=0, msg=name)


BROKEN = [
    ("no model", lambda path: (path / "model.onnx").unlink(), "it lacks model.onnx"),
    ("half a model", lambda path: (path / "model.onnx").write_bytes(b"\x08\x08"), "cannot be loaded"),
    ("another label set", lambda path: _set(path, label_set=99), "made for label set 99"),
    ("no steps", lambda path: _set(path, steps=None), "cannot be loaded"),
]


def _set(path: Path, **values: object) -> None:
    config = json.loads((path / "config.json").read_text()) | values
    (path / "config.json").write_text(json.dumps(config))


@pytest.mark.parametrize(("damage", "says"), [case[1:] for case in BROKEN], ids=[case[0] for case in BROKEN])
def test_damaged_models_are_refused(damage, says: str, tmp_path: Path) -> None:
    import shutil

    shutil.copytree(ROOT / "annotators" / "weights" / "wire-small", tmp_path / "model")
    damage(tmp_path / "model")
    with pytest.raises(BadInput, match=says) as caught:
        load_model(tmp_path / "model")
    assert "\n" not in str(caught.value)


def test_a_model_is_made_narrower_and_follows_the_wide_one(tmp_path: Path, encoder: str, recipe) -> None:
    wide = run(tmp_path / "wide", encoder, recipe)
    slim = run(tmp_path / "slim", str(tmp_path / "wide"), replace(recipe, epochs=1, width=16, encoder_rate=1e-3, head_rate=1e-3))
    assert json.loads((tmp_path / "slim" / "config.json").read_text())["encoder"]["intermediate_size"] == 16
    assert slim.scores.exact["cue"].f > wide.scores.exact["cue"].f - 10

    with pytest.raises(BadInput, match="give fewer than the 16"):
        run(tmp_path / "none", str(tmp_path / "slim"), replace(recipe, width=16))


def test_neurons_that_say_the_same_are_spared_without_loss(encoder: str) -> None:
    from annotators.network import AttributionNetwork
    from annotators.slimming import narrow

    torch.manual_seed(3)
    network = AttributionNetwork.from_encoder(encoder).eval()
    with torch.no_grad():
        for layer in network.encoder.encoder.layer:  # every second neuron doubles the one before, so half of them can go
            for value in (layer.intermediate.dense.weight, layer.intermediate.dense.bias):
                value[1::2] = value[::2]
    ids = torch.randint(5, 20, (40, 24))
    window = ids, ids % 4, torch.ones_like(ids, dtype=torch.bool)
    slim = narrow(network, [window], 32)
    with torch.no_grad():
        before, after = network(*window)[0], slim(*window)[0]
    assert (before - after).abs().max() < 0.02
    assert slim.encoder.encoder.layer[0].intermediate.dense.weight.shape == (32, 32)
    assert network.encoder.config.intermediate_size == 64  # the wide one is left as it was


def test_what_is_followed_is_forgotten_less(tmp_path: Path, encoder: str, recipe) -> None:
    """Trained on, with nothing marked, from a model that had learned what is to be marked."""
    from annotators.learning import learn

    run(tmp_path / "tiny", encoder, recipe)
    passages = read_passages(ROOT / "annotators" / "claims" / "asia.jsonl")[:2]
    bare, reached = [replace(a, relations=()) for a in ARTICLES], {}
    for keep in (False, True):
        again = replace(recipe, epochs=1, keep=keep, follow=50.0)
        figures = learn(bare, ARTICLES[:6], passages, str(tmp_path / "tiny"), tmp_path / f"keep {keep}", again, {})
        reached[keep] = figures.scores.exact["cue"].f
    assert reached[True] > reached[False] + 10
