"""The inner layer's training: which pieces it is told of, and that it moves nothing but itself."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from annotators.corpora import Article, Relation
from annotators.tags import ROLES, TAGS

torch = pytest.importorskip("torch", reason="needs the train extra: `make train-env`")
pytestmark = pytest.mark.train

TEXT = "The minister said the rebels had denied they hoped to win. It rained."
OUTER = ("The minister", "said", "the rebels had denied they hoped to win")
INNER = ("the rebels", "had denied", "they hoped to win")
DEEPER = ("they", "hoped", "to win")


@pytest.fixture(scope="module")
def encoder(tmp_path_factory: pytest.TempPathFactory) -> str:
    from tests.tiny import tiny_encoder

    return tiny_encoder(tmp_path_factory.mktemp("encoder"), [TEXT], 2)


def article(*relations: tuple[str, str, str]) -> Article:
    def at(words: str) -> tuple[tuple[int, int]]:
        return ((TEXT.index(words), TEXT.index(words) + len(words)),)

    return Article("a", TEXT, tuple(Relation(*map(at, its)) for its in relations))


def tokenizer_of(encoder: str):
    from tokenizers import Tokenizer

    return Tokenizer.from_file(f"{encoder}/tokenizer.json")


CASES = [
    ("nothing inside", [OUTER], {}),
    ("one inside", [OUTER, INNER], dict(zip(ROLES, INNER, strict=True))),
    ("the wider of two keeps its pieces", [OUTER, INNER, DEEPER], dict(zip(ROLES, INNER, strict=True))),
    ("a source outside is left out", [OUTER, ("The minister", "hoped", "to win")], {"cue": "hoped", "content": "to win"}),
    ("what stands beside is not inside", [(*OUTER[:2], "the rebels"), ("they", "hoped", "to win")], {}),
]


@pytest.mark.parametrize(("relations", "words"), [c[1:] for c in CASES], ids=[c[0] for c in CASES])
def test_inner_tags(encoder: str, relations: list[tuple[str, str, str]], words: dict[str, str]) -> None:
    from annotators.batches import gold_of

    gold = gold_of(article(*relations), tokenizer_of(encoder))
    found = {}
    for number, tag in enumerate(gold.inner):
        if TAGS[tag] != "O":
            found.setdefault(TAGS[tag][2:], []).append(TEXT[gold.pieces.start[number] : gold.pieces.end[number]])
    assert {role: " ".join(its) for role, its in found.items()} == words
    assert not (gold.inner.astype(bool) & (gold.owner < 0)).any()


def test_the_inner_layer_moves_nothing_but_itself(encoder: str) -> None:
    from annotators.batches import collate, gold_of
    from annotators.network import AttributionNetwork

    gold = gold_of(article(OUTER, INNER), tokenizer_of(encoder))
    batch = collate([(gold, 0, len(gold.pieces))], (2, 3), written=True)
    network = AttributionNetwork.from_encoder(encoder).eval()
    scores = network(batch.ids, batch.feature, batch.mask)[3]
    network.inner_loss(scores, batch.inner, batch.within, batch.mask).backward()
    moved = {name.split(".")[0] for name, p in network.named_parameters() if p.grad is not None and p.grad.abs().sum() > 0}
    assert moved == {"inner", "inner_steps"}


def test_pieces_outside_contents_do_not_count(encoder: str) -> None:
    """The loss is the same whatever the layer says there."""
    from annotators.batches import collate, gold_of
    from annotators.network import AttributionNetwork

    gold = gold_of(article(OUTER, INNER), tokenizer_of(encoder))
    batch = collate([(gold, 0, len(gold.pieces))], (2, 3))
    network = AttributionNetwork.from_encoder(encoder).eval()
    scores = torch.randn((*batch.ids.shape, len(TAGS)), generator=torch.Generator().manual_seed(1))
    other = torch.where(batch.within.unsqueeze(-1), scores, scores + 7 * torch.arange(len(TAGS)))
    losses = [network.inner_loss(its, batch.inner, batch.within, batch.mask) for its in (scores, other)]
    assert torch.isclose(*losses)


def test_a_model_of_before_gets_a_fresh_inner_layer(tmp_path: Path, encoder: str) -> None:
    from annotators.network import AttributionNetwork
    from annotators.packing import pack, unpack

    network = AttributionNetwork.from_encoder(encoder)
    ids = np.array([[2, 5, 6, 7, 3]])
    samples = [{"ids": ids, "feature": ids * 0, "mask": ids > 0}]
    pack(network, Path(encoder) / "tokenizer.json", ("[CLS]", "[SEP]"), tmp_path / "model", {}, samples)
    config = json.loads((tmp_path / "model" / "config.json").read_text())
    del config["inner_steps"]
    (tmp_path / "model" / "config.json").write_text(json.dumps(config))
    again = unpack(tmp_path / "model")
    assert not again.inner_steps.any()
    assert torch.isclose(again.outputs.bias, network.outputs.bias, atol=1e-3).all()
