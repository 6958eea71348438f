"""Retraining on a tiny real model: from an export to a model in use, past a kill; what cannot be trained on is refused in a line."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from annotators.claimset import Passage, read_passages
from annotators.corpora import Article, Relation
from annotators.exported_claims import read_reviewed
from annotators.models import OWN_JUDGE, load_model
from annotators.registry import Registry
from exports.dataset import write_dataset
from exports.manifest import Manifest
from flows.settings import Settings
from schemas.claim import Claim
from schemas.errors import BadInput
from schemas.reviews import Review
from schemas.spans import cut
from schemas.story import Story

torch = pytest.importorskip("torch", reason="needs the train extra: `make train-env`")
pytestmark = pytest.mark.train
ROOT = Path(__file__).resolve().parent.parent
WRITTEN = read_passages(ROOT / "annotators" / "claims" / "asia.jsonl")[:4]
SAYINGS = [
    # who, what they say, their role, the stance of what they say
    ("The minister", "the army had won", "government", "government"),
    ("A rebel", "the army had lost", "armed_group", "opposition"),
    ("The minister", "it rained all day", "government", "neutral"),
    ("A rebel", "it rained all day", "armed_group", "neutral"),
]
PATCH = (
    "import sys, pathlib, flows.retraining as r, annotators.retraining as a; r.CLAIMS = pathlib.Path(sys.argv.pop(1));"
    "a.RATE, a.JUDGE_RATE = 4e-3, 6e-3; from flows.cli import main; main()"
)


def story_rows(number: int) -> list[tuple[Story, Claim, Review]]:
    """A story of four claims, each confirmed by one person."""
    lines = [f"{who} said {what}." for who, what, _, _ in SAYINGS]
    text = " ".join(lines[number % 4 :] + lines[: number % 4]) + f" That was day {number}."
    story, rows = Story(f"g{number:02}", 1, text, agency="Lastra"), []
    for n, (who, what, role, stance) in enumerate(SAYINGS):
        start = text.index(f"{who} said {what}")
        source, cue = (cut(text, start, start + len(who)),), (cut(text, start + len(who) + 1, start + len(who) + 5),)
        content = (cut(text, start + len(who) + 6, start + len(who) + 6 + len(what)),)
        key = f"{story.guid} {n}"
        claim = Claim(key, story.guid, 1, True, content, cue, source, who, "indirect", "unnamed", None, None, None, 0.9, "model:x")
        chosen = {"role": "expert" if number == n == 0 else role, "modality": "asserts", "stance": stance, "naming": "unnamed"}
        review = Review(number * 9 + n + 1, key, 1, "ann", "2026-03-04T01:00:00Z", (claim,), chosen, (), "", 1.0, False)
        rows.append((story, claim, review))
    return rows


def export(out: Path, stories: int) -> Path:
    """The first of it to train on, some to measure on and ten to judge by; one label (expert) stands once."""
    rows = [row for number in range(stories) for row in story_rows(number)]
    split = {f"g{n:02}": "test" if n >= stories - 10 else "validation" if n >= stories - 13 else "train" for n in range(stories)}
    write_dataset(rows, out, Manifest("2026-03-08T00:00:00+00:00", "1", "g", splits=split))
    return out


def articles(rows: list[tuple[Story, Claim, Review]]) -> list[Article]:
    relations = tuple(Relation(*(tuple((s.start, s.end) for s in part) for part in (c.source, c.cue, c.content))) for _, c, _ in rows)
    return [Article(rows[0][0].guid, rows[0][0].text, relations)]


@pytest.fixture(scope="module")
def begun(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder with an export, a few written claims, and a registry with a tiny model that has hardly learned anything in use."""
    from transformers import BertConfig, BertModel, BertTokenizerFast

    from annotators.judge_training import RECIPE, learn_judge
    from annotators.learning import learn
    from annotators.training import Recipe

    home = tmp_path_factory.mktemp("retrain")
    export(home / "export", 34)
    (home / "claims").mkdir()
    lines = (ROOT / "annotators" / "claims" / "asia.jsonl").read_text(encoding="utf-8").splitlines(keepends=True)
    (home / "claims" / "few.jsonl").write_text("".join(lines[:4]), encoding="utf-8")
    words = sorted({w.lower() for row in story_rows(1) for w in row[0].text.replace(".", " . ").split()})
    encoder = home / "encoder"
    encoder.mkdir()
    (encoder / "vocab.txt").write_text("\n".join(["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *words]))
    torch.manual_seed(0)
    config = BertConfig(vocab_size=len(words) + 5, hidden_size=32, num_hidden_layers=4, num_attention_heads=2, intermediate_size=64)
    BertModel(config).save_pretrained(encoder)
    BertTokenizerFast(str(encoder / "vocab.txt")).save_pretrained(encoder)
    some = [a for n in range(3) for a in articles(story_rows(n))]
    recipe = Recipe(epochs=1, size=64, batch=4)
    learn(some, some[:1], WRITTEN, str(encoder), home / "tiny", recipe, {})
    learn_judge(WRITTEN, str(encoder), home / "judge", replace(RECIPE, epochs=1))
    shutil.copytree(home / "judge", home / "tiny" / OWN_JUDGE)
    models = Registry(home / "models")
    models.add("tiny", home / "tiny", {})
    models.promote("tiny", "t", "to begin with")
    return home


def run(home: Path, *options: object) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", PATCH, home / "claims", "retrain", "--data", home / "export", "--epochs", 12, *options]
    environment = {"ONRECORD_DATA": str(home), "PATH": "/usr/bin:/bin", "OMP_NUM_THREADS": "1"}
    return subprocess.Popen([*map(str, command)], cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def test_it_goes_on_after_a_kill_and_the_better_model_comes_into_use(begun: Path, tmp_path: Path, wait_for: Callable[..., None]) -> None:
    home = tmp_path / "home"
    shutil.copytree(begun, home, symlinks=True)
    killed = run(home)
    wait_for(lambda: list(home.glob("retraining/*/model/*/*-work/checkpoint.safetensors")) or killed.poll() is not None, 120)
    killed.send_signal(signal.SIGKILL)
    assert killed.wait() == -signal.SIGKILL, killed.communicate()
    models = Registry(home / "models")
    assert models.name_of(models.current()) == "tiny"

    done = run(home)
    out, err = done.communicate(timeout=300)
    assert "resumed from" in err, err
    assert done.returncode == 0, out + err
    (entry,) = [e for e in models.entries() if e.current]
    assert entry.name.startswith("retrained-")
    assert {"data", "recipe", "curve", "judge curve", "figures", "gate", "against"} <= entry.record.keys()
    assert entry.record["against"] == "tiny"
    assert any(f["name"] == "stance opposition" for f in entry.record["gate"])
    model = load_model(entry.folder)
    assert model.judge.revision == json.loads((entry.folder / OWN_JUDGE / "config.json").read_text())["revision"]
    assert not list((home / "retraining").glob("retrained-*"))  # what is in the registry is not kept twice


def test_reviewed_claims_are_read_by_story_with_their_labels(begun: Path) -> None:
    stories = read_reviewed(begun / "export", "test")
    assert [s.gold.article.id for s in stories][:2] == ["g24 v1", "g25 v1"]
    assert stories[0].agency == "Lastra"
    assert [labels["stance"] for labels in stories[0].gold.labels] == [s for _, _, _, s in SAYINGS]
    words = [stories[0].gold.article.text[slice(*r.content[0])] for r in stories[0].gold.article.relations]
    assert words == [what for _, what, _, _ in SAYINGS]


def _config(folder: Path, **values: object) -> None:
    (folder / "config.json").write_text(json.dumps(json.loads((folder / "config.json").read_text()) | values))


def _manifest(home: Path) -> None:
    path = home / "export" / "manifest.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"label_set": 99}))


def _renamed_label(home: Path) -> None:
    """A table whose label set has a label that is no more."""
    import pyarrow.parquet as pq

    path = home / "export" / "claims" / "train.parquet"
    table = pq.read_table(path)
    metadata = {k: v.replace(b'"opposition"', b'"rivals"') for k, v in table.schema.metadata.items()}
    pq.write_table(table.replace_schema_metadata(metadata), path)


REFUSED = [
    ("no stories", lambda home: shutil.rmtree(home / "export" / "claims"), "has neither train.jsonl"),
    ("no export", lambda home: shutil.rmtree(home / "export"), "manifest.json"),
    ("an export of another label set", _manifest, "has label set 99"),
    ("a label that is no more", _renamed_label, "has the label 'rivals'"),
    ("a pickle beside the weights", lambda home: (home / "models" / "tiny" / "x.pkl").write_bytes(b"\x80"), "may be a pickle"),
    ("a pickle by another name", lambda home: (home / "models" / "tiny" / "heads.safetensors").write_bytes(b"\x80\x04pickle"), "a pickle"),
    ("a model of another label set", lambda home: _config(home / "models" / "tiny", label_set=99), "made for label set 99"),
    ("a judge of another label set", lambda home: _config(home / "models" / "tiny" / "judge", label_set=99), "made for label set 99"),
    ("half a judge", lambda home: (home / "models" / "tiny" / "judge" / "model.onnx").unlink(), "lacks model.onnx"),
]


@pytest.mark.parametrize(("damage", "says"), [case[1:] for case in REFUSED], ids=[case[0] for case in REFUSED])
def test_what_cannot_be_trained_on_is_refused_in_a_line(damage: Callable[[Path], object], says: str, begun: Path, tmp_path: Path) -> None:
    from flows.retraining import retrain

    home = tmp_path / "home"
    shutil.copytree(begun, home, symlinks=True)
    damage(home)
    with pytest.raises(BadInput, match=says) as caught:
        retrain(Settings(data=home, _env_file=None), home / "export", [], [], 1, lambda _: None)
    assert "\n" not in str(caught.value)
    assert Registry(home / "models").current().name == "tiny"
    assert [p for p in (home / "models").glob("*") if p.name.startswith("retrained")] == []


def test_without_an_export_it_says_what_to_do(tmp_path: Path) -> None:
    from flows.retraining import retrain

    with pytest.raises(BadInput, match="nothing has been exported yet"):
        retrain(Settings(data=tmp_path, _env_file=None), None, [], [], 1, lambda _: None)


def test_a_judge_taken_out_of_its_folder_judges_as_it_did_there() -> None:
    import numpy as np

    from annotators.judge_packing import unpack_judge
    from annotators.judge_training import examples, scores_of
    from annotators.judging import JUDGED
    from annotators.models import JUDGE

    judge = load_model().judge
    passages: list[Passage] = WRITTEN
    rows = examples(passages, judge.tokenizer, judge.special)
    mine, theirs = judge.scores([r.context for r in rows]), scores_of(unpack_judge(JUDGE).eval(), rows)
    assert all(np.corrcoef(mine[name].ravel(), theirs[name].ravel())[0, 1] > 0.99 for name in JUDGED)
