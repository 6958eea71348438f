"""Retraining on a tiny real model: from an export to a model in use, past a kill; what cannot be trained on is refused in a line."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Sequence
from importlib.util import find_spec
from pathlib import Path

import pytest

from annotators.claimset import Passage
from annotators.exported_claims import read_reviewed
from annotators.models import OWN_JUDGE, load_model
from annotators.registry import Entry, Registry
from flows.settings import Settings
from schemas.errors import BadInput
from tests.lastra import SAYINGS, WRITTEN, begin

torch = pytest.importorskip("torch", reason="needs the train extra: `make train-env`")
pytestmark = pytest.mark.train
ROOT = Path(__file__).resolve().parent.parent
PATCH = (
    "import sys, pathlib, flows.retraining as r, annotators.retraining as a; r.CLAIMS = pathlib.Path(sys.argv.pop(1));"
    "a.RATE, a.JUDGE_RATE, a.FOLLOW = 4e-3, 6e-3, 0.0; from flows.cli import main; main()"
)


@pytest.fixture(scope="module")
def begun(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return begin(tmp_path_factory.mktemp("retrain"))


def run(home: Path, *options: object) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", PATCH, home / "claims", "retrain", "--data", home / "export", "--epochs", 12, *options]
    environment = {"ONRECORD_DATA": str(home), "PATH": "/usr/bin:/bin", "OMP_NUM_THREADS": "1"}
    environment |= {"ONRECORD_MLFLOW": f"sqlite:///{home / 'mlflow.db'}"} if find_spec("mlflow") else {}
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
    assert ("told MLflow: run" in err) == (home / "mlflow.db").exists() == bool(find_spec("mlflow"))
    (entry,) = [e for e in models.entries() if e.current]
    assert entry.name.startswith("retrained-")
    assert {"data", "recipe", "curve", "judge curve", "figures", "gate", "against"} <= entry.record.keys()
    assert entry.record["against"] == "tiny"
    assert any(f["name"] == "stance opposition" for f in entry.record["gate"])
    model = load_model(entry.folder)
    card = (entry.folder / "README.md").read_text()
    assert "| agency | Lastra |" in card
    assert "Confusion, stance:" in card
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
    (
        "no stories",
        lambda home: [shutil.rmtree(home / "export" / config) for config in ("claims", "attribution")],
        "has no reviewed claims to learn from",
    ),
    ("no export", lambda home: shutil.rmtree(home / "export"), "manifest.json"),
    ("an export of another label set", _manifest, "has label set 99"),
    ("a label that is no more", _renamed_label, "has the label 'rivals'"),
    ("a pickle beside the weights", lambda home: (home / "models" / "tiny" / "x.pkl").write_bytes(b"\x80"), "may be a pickle"),
    ("a pickle by another name", lambda home: (home / "models" / "tiny" / "extra.safetensors").write_bytes(b"\x80\x04pickle"), "a pickle"),
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


def retrained(begun: Path, home: Path, lacks: Sequence[str], says: str) -> tuple[Entry, Path]:
    """What comes of an export without some of its files, and the folder of the model it was trained on from."""
    shutil.copytree(begun, home, symlinks=True)
    for file in lacks:
        (home / "export" / file).unlink()
    out, err = run(home).communicate(timeout=300)
    assert says in out + err
    (made,) = [e for e in Registry(home / "models").entries() if e.name.startswith("retrained-")]
    return made, begun / "models" / "tiny"


def test_without_passages_reviewed_whole_the_judge_alone_learns(begun: Path, tmp_path: Path) -> None:
    lacks = ["attribution/train.parquet", "attribution/validation.parquet"]
    made, used = retrained(begun, tmp_path / "home", lacks, "only the judge learns")
    assert made.record["recipe"] is None
    assert made.record["judge curve"]
    assert (made.folder / "model.onnx").read_bytes() == (used / "model.onnx").read_bytes()
    assert (made.folder / OWN_JUDGE / "model.onnx").read_bytes() != (used / OWN_JUDGE / "model.onnx").read_bytes()


def test_without_judged_claims_attribution_alone_learns(begun: Path, tmp_path: Path) -> None:
    made, used = retrained(begun, tmp_path / "home", ["claims/train.parquet"], "only attribution learns")
    assert made.record["judge recipe"] is None
    assert made.record["curve"]
    assert (made.folder / "model.onnx").read_bytes() != (used / "model.onnx").read_bytes()
    assert (made.folder / OWN_JUDGE / "model.onnx").read_bytes() == (used / OWN_JUDGE / "model.onnx").read_bytes()
