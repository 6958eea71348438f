"""Retraining as Prefect runs it, with what it is told on the command line, and a gate that does not open."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from annotators.registry import Registry
from flows.cli import app
from flows.studio_server import RunningStudio
from schemas.errors import BadInput
from tests.lastra import articles, begin, story_rows

torch = pytest.importorskip("torch", reason="needs the train extra: `make train-env`")
pytestmark = pytest.mark.train
ROOT = Path(__file__).resolve().parent.parent
FORGETS = (
    "import sys, pathlib, flows.retraining as r, annotators.retraining as a; r.CLAIMS = pathlib.Path(sys.argv.pop(1));"
    "a.RATE = a.JUDGE_RATE = 0.3; a.FOLLOW = 0.0; from flows.cli import main; main()"
)
"""The command at a rate at which a model forgets."""


@pytest.fixture(scope="module")
def begun(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return begin(tmp_path_factory.mktemp("retrain"))


@pytest.fixture
def home(begun: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A data folder of the test's own, with rates at which a tiny model learns."""
    shutil.copytree(begun, tmp_path / "home", symlinks=True)
    monkeypatch.setenv("ONRECORD_DATA", str(tmp_path / "home"))
    monkeypatch.setattr("flows.retraining.CLAIMS", tmp_path / "home" / "claims")
    rates(monkeypatch, 4e-3)
    return tmp_path / "home"


def rates(monkeypatch: pytest.MonkeyPatch, rate: float) -> None:
    monkeypatch.setattr("annotators.retraining.RATE", rate)
    monkeypatch.setattr("annotators.retraining.JUDGE_RATE", 1.5 * rate)
    monkeypatch.setattr("annotators.retraining.FOLLOW", 0.0)  # what has hardly learned anything is not worth following


def polnear(path: Path, *numbers: int) -> Path:
    """Articles in PolNeAR's format."""
    rows = []
    for article in (a for n in numbers for a in articles(story_rows(n))):
        relations = [{role: [list(s) for s in getattr(r, role)] for role in ("source", "cue", "content")} for r in article.relations]
        rows.append(json.dumps({"id": article.id, "text": article.text, "attributions": relations}))
    path.write_text("\n".join(rows))
    return path


@pytest.mark.prefect
@pytest.mark.studio
def test_prefect_trains_promotes_and_rolls_out(
    home: Path, prefect_server: str, studio: RunningStudio, monkeypatch: pytest.MonkeyPatch
) -> None:
    from prefect import get_client

    from flows.scheduled import retrain

    token = home / "token"
    token.write_text(studio.token)
    token.chmod(0o600)
    monkeypatch.setenv("ONRECORD_LABEL_STUDIO_URL", studio.url)
    monkeypatch.setenv("ONRECORD_LABEL_STUDIO_TOKEN_FILE", str(token))
    assert retrain(return_state=True).message == "nothing has been exported yet; nothing to learn from"
    base, gold = polnear(home / "base.jsonl", 50, 51), polnear(home / "gold.jsonl", *range(60, 70))
    state = retrain(data=home / "export", base=[base], gold=[gold], epochs=12, return_state=True)
    assert state.is_completed(), state.message
    assert "is in use and rolled out: better beyond the interval" in state.message
    entry = next(e for e in Registry(home / "models").entries() if e.current)
    assert state.message.startswith(entry.name)
    assert entry.record["base"] == ["base.jsonl"]
    assert "base.jsonl" in entry.record["data"]["files"]
    assert [f["stories"] for f in entry.record["gate"] if "gold" in f["name"]] == [10]  # the gold's articles are a slice of their own
    with get_client(sync_client=True) as client:
        assert client.read_flow_run(state.state_details.flow_run_id).state.message == state.message

    # what has learned all that there is to learn is not bettered: the command says why, and the model in use stays
    command = ["retrain", "--data", home / "export", "--gold", gold, "--epochs", 1]
    done = subprocess.run(
        [sys.executable, "-c", FORGETS, home / "claims", *map(str, command)], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 1, done.stderr
    out = done.stdout.splitlines()
    assert "does not pass, the model in use stays: worse beyond the interval: " in out[-1]
    lost = [json.loads(line)["lost"] for line in out if line.startswith('{"lost"')]
    assert 1 <= len(lost) <= 10
    models = Registry(home / "models")
    assert models.name_of(models.current()) == entry.name
    (refused,) = [e for e in models.entries() if e.name.startswith("retrained-") and not e.current]
    assert refused.record["worst new errors"] == lost
    assert "worse beyond the interval" in refused.record["why"]


def _pickle(path: Path) -> None:
    path.write_bytes(b"\x80\x04pickle")


BEYOND = '{"id": "a", "text": "b", "attributions": [{"source": [[0, 9]], "cue": [], "content": []}]}'
REFUSED = [
    # the option, what is done to its file, what is said
    ("--base", Path.unlink, "No such file or directory; give articles in PolNeAR's format"),
    ("--gold", Path.unlink, "No such file or directory; give articles in PolNeAR's format"),
    ("--base", lambda path: path.write_text("{"), "line 1"),
    (
        "--gold",
        lambda path: path.write_text('{"id": "a", "text": "b", "attributions": [{"source": [[0, 9]], "cue": [], "content": []}]}'),
        "lie in the text",
    ),
    ("--base", _pickle, "codec can't decode"),
]


@pytest.mark.parametrize(("option", "damage", "says"), REFUSED)
def test_what_is_no_article_is_refused(option: str, damage: Callable[[Path], object], says: str, home: Path) -> None:
    file = polnear(home / "more.jsonl", 50)
    damage(file)
    with pytest.raises(BadInput, match=says) as caught:
        app(["retrain", "--data", str(home / "export"), option, str(file)], standalone_mode=False)
    assert "\n" not in str(caught.value)
    assert not list((home / "models").glob("retrained*"))
