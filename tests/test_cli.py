"""The command line as outside scripts use it: its contract, its help, its one-line errors."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
WIRE = ROOT / "examples" / "wire"
KEYS = {
    "story_id",
    "story_version",
    "claim_id",
    "attributed",
    "content",
    "cue",
    "source",
    "speaker",
    "quotation",
    "naming",
    "role",
    "modality",
    "stance",
    "score",
    "by",
}


def onrecord(*arguments: object, cwd: Path = ROOT, **environment: str) -> subprocess.CompletedProcess[str]:
    """Runs the command as a script would."""
    command = [sys.executable, "-c", "from flows.cli import main; main()", *map(str, arguments)]
    return subprocess.run(
        command, cwd=cwd, capture_output=True, text=True, check=False, env={**os.environ, "PYTHONPATH": str(ROOT), **environment}
    )


@pytest.mark.slow
def test_annotate_jsonl_keeps_its_contract(tmp_path: Path) -> None:
    text = (WIRE / "17-march.txt").read_text(encoding="utf-8")
    stories = tmp_path / "stories.jsonl"
    stories.write_text(
        json.dumps({"id": "a", "text": text}) + "\n" + json.dumps({"id": "b", "text": "Nothing. Of note here today."}) + "\n"
    )
    done = onrecord("annotate", stories, "--format", "jsonl")
    assert done.returncode == 0, done.stderr
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    assert {r["story_id"] for r in rows} == {"a", "b"}
    assert len({r["claim_id"] for r in rows}) == len(rows)
    attributed = [r for r in rows if r["attributed"]]
    assert len(attributed) > 5
    for row in rows:
        assert row.keys() == KEYS
        whole = text if row["story_id"] == "a" else "Nothing. Of note here today."
        for part in ("content", "cue", "source"):
            assert all(whole[s["start"] : s["end"]] == s["text"] for s in row[part])
        assert 0 <= row["score"] <= 1
    for row in attributed:
        assert all(0 <= row[name]["score"] <= 1 and row[name]["label"] for name in ("role", "modality", "stance"))
        assert row["by"].startswith("model:")
        assert "+claims-small-" in row["by"]  # the judge, which may be replaced alone


@pytest.mark.slow
def test_annotate_reads_text_unchanged_and_shows_a_table(tmp_path: Path) -> None:
    story, quote = tmp_path / "story.txt", "“We have won the election by a clear margin,” Ana Vidal said."
    story.write_bytes(f"LASTRA (Meridian) - {quote}\r\n\r\n  Police  denied it. 😀 The mayor said so.".encode())
    rows = [json.loads(line) for line in onrecord("annotate", story, "--format", "jsonl").stdout.splitlines()]
    text = story.read_bytes().decode()
    assert rows
    assert all(text[s["start"] : s["end"]] == s["text"] for row in rows for part in ("content", "cue", "source") for s in row[part])
    table = onrecord("annotate", story)
    assert table.returncode == 0
    assert "Ana Vidal" in table.stdout


@pytest.mark.slow
def test_no_model_or_network_is_asked_for() -> None:
    """Pre-labelling imports neither PyTorch nor Prefect nor the SDK, and connects to nothing."""
    code = (
        "import socket, sys; from pathlib import Path; socket.socket.connect = lambda *a: sys.exit(f'connects to {a[1:]}');"
        "from flows.commands import annotate_files;"
        f"annotate_files([Path({str(WIRE / '17-march.txt')!r})], as_table=False, model=None);"
        "heavy = {'torch', 'prefect', 'transformers', 'label_studio_sdk', 'datasets'} & sys.modules.keys();"
        "heavy |= {name for name, module in sys.modules.items() if name.startswith('openvino_telemetry') and module};"
        "sys.exit(f'{heavy}' if heavy else 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


ERRORS = [
    # what is wrong, arguments, exit status, what the line says
    ("no such file", ["annotate", "nowhere.xml"], 2, "nowhere.xml: no such file or folder"),
    ("an empty folder", ["nightly", "{tmp}/empty", "--no-push"], 2, "no wire files in this folder"),
    ("only broken files", ["annotate", "{wire}/16-gathering-ban-broken.xml"], 2, "no story could be read"),
    ("a story of 0 characters", ["annotate", "{tmp}/zero.txt"], 2, "no story could be read"),
    ("no model folder", ["annotate", "{wire}/17-march.txt", "--model", "{tmp}/empty"], 2, "not a model folder, it lacks model.onnx"),
    ("no Label Studio", ["nightly", "{wire}"], 2, "no Label Studio"),
    ("nothing reviewed", ["export", "{tmp}/out"], 2, "nothing has been reviewed yet"),
    ("gold that is none", ["evaluate", "attribution", "{wire}/17-march.txt"], 2, "line 1"),
    ("gold that is not there", ["evaluate", "claims", "gold.jsonl"], 2, "gold.jsonl"),
    ("data that are not there", ["train", "attribution", "{tmp}/empty", "--out", "{tmp}/model"], 2, "train.jsonl"),
    ("data that are no folder", ["train", "attribution", "{tmp}/zero.txt", "--out", "{tmp}/model"], 2, "zero.txt: is not a folder; give"),
    ("data with a fault", ["train", "attribution", "{tmp}/bad", "--out", "{tmp}/model"], 2, "train.jsonl, line 2: the article has"),
]


@pytest.mark.parametrize(("arguments", "status", "says"), [e[1:] for e in ERRORS], ids=[e[0] for e in ERRORS])
@pytest.mark.slow
def test_errors_are_one_line(arguments: list[str], status: int, says: str, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "zero.txt").touch()
    (tmp_path / "bad").mkdir()
    sound = {"id": 1, "text": "Ann said so.", "attributions": []}
    (tmp_path / "bad" / "train.jsonl").write_text(f"{json.dumps(sound)}\n{json.dumps(sound | {'id': 2, 'lang': 'en'})}\n")
    (tmp_path / "bad" / "dev.jsonl").write_text(json.dumps(sound))
    filled = [a.format(tmp=tmp_path, wire=WIRE) for a in arguments]
    done = onrecord(*filled, cwd=tmp_path, ONRECORD_DATA=str(tmp_path / "data"), ONRECORD_LABEL_STUDIO_URL="")
    assert done.returncode == status, done.stderr
    assert says in done.stderr
    assert "Traceback" not in done.stderr
    assert len([line for line in done.stderr.splitlines() if line.startswith("onrecord: ") and "turned away" not in line]) == 1
    assert not list(tmp_path.glob("model*"))


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("ONRECORD_WORKERS", "none", "ONRECORD_WORKERS=none"),
        ("ONRECORD_STORE_URL", "nonsense", "store URL cannot be read"),
        ("ONRECORD_STORE_URL", "sqlite:////proc/none/x.db", "the store cannot be opened"),
        ("ONRECORD_LABEL_STUDIO_TOKEN_FILE", "nowhere", "ONRECORD_LABEL_STUDIO_TOKEN_FILE"),
    ],
)
@pytest.mark.slow
def test_wrong_settings_are_named(name: str, value: str, says: str, tmp_path: Path) -> None:
    done = onrecord("pull", ONRECORD_DATA=str(tmp_path), **{"ONRECORD_LABEL_STUDIO_URL": "http://127.0.0.1:9", name: value})
    assert done.returncode in (1, 2)
    assert says in done.stderr
    assert "Traceback" not in done.stderr


COMMANDS = [
    ["annotate"],
    ["nightly"],
    ["pull"],
    ["up"],
    ["reconcile"],
    ["retrain"],
    ["rollout"],
    ["relabel"],
    ["export"],
    ["demo"],
    ["evaluate", "attribution"],
    ["evaluate", "claims"],
    ["train", "attribution"],
    ["train", "claims"],
    ["report", "agreement"],
    ["report", "withdrawn"],
    ["report", "disputes"],
    ["quarantine", "list"],
    ["quarantine", "show"],
    ["quarantine", "retry"],
    ["actors", "check"],
    ["actors", "import"],
    ["models", "add"],
    ["models", "compare"],
    ["models", "list"],
    ["models", "promote"],
    ["models", "rollback"],
    ["report", "drift"],
    ["report", "errors"],
]


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_help_has_an_example(command: list[str]) -> None:
    done = onrecord(*command, "--help")
    assert done.returncode == 0
    assert f"Example: onrecord {' '.join(command)}" in " ".join(done.stdout.split())


def test_every_command_is_in_the_list_above() -> None:
    from flows.cli import app

    names = [[c.callback.__name__] for c in app.registered_commands if c.callback]
    for group in app.registered_groups:
        assert group.typer_instance is not None
        names += [[str(group.name), c.name or ""] for c in group.typer_instance.registered_commands]
    assert sorted(names) == sorted(COMMANDS)
