"""A plain registry of models: a folder each, whole before it has its name, and one link that says which is in use.

models/NAME/       a model folder (see `annotators.models`) with record.json: data, recipe, figures, verdict
models/current     a link to the folder in use; moved in one step, so that whoever opens it gets the old one or the new one, whole
models/history.jsonl  every promotion and roll-back
"""

from __future__ import annotations

import json
import os
import re
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from annotators.models import FILES, OWN_JUDGE, SHIPPED
from schemas.errors import BadInput
from schemas.labels import VERSION, serves

CURRENT, RECORD, HISTORY, SHIPPED_NAME = "current", "record.json", "history.jsonl", "shipped"
_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,60}")
_PICKLES = {".pkl", ".pickle", ".bin", ".pt", ".pth", ".ckpt", ".joblib"}
Json = dict[str, Any]


@dataclass(frozen=True)
class Entry:
    """A model of the registry. record: what is known of its making."""

    name: str
    folder: Path
    current: bool
    record: Json


class Registry:
    """The models under a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def current(self) -> Path:
        """The folder of the model in use: the real one, which a promotion while it is read does not change; else the shipped one."""
        link = self.folder / CURRENT
        return link.resolve() if link.exists() else SHIPPED

    def entries(self) -> list[Entry]:
        """All models, the shipped one first."""
        used = self.current()
        folders = sorted(p for p in self.folder.glob("*") if p.is_dir() and not p.is_symlink() and (p / RECORD).is_file())
        rows = [(SHIPPED_NAME, SHIPPED), *((p.name, p.resolve()) for p in folders)]
        return [Entry(name, folder, folder == used, _record(folder)) for name, folder in rows]

    def entry(self, name: str) -> Entry:
        """One model. Errors: BadInput lists those there are."""
        known = {entry.name: entry for entry in self.entries()}
        if name not in known:
            raise BadInput(f"no model {name!r} in {self.folder}; there are {', '.join(known)}")
        return known[name]

    def add(self, name: str, made: Path, record: Json) -> Entry:
        """Takes a model folder in: copied aside and renamed. Errors: BadInput for a name in use or a folder that is no model."""
        if not _NAME.fullmatch(name) or name in (CURRENT, SHIPPED_NAME):
            raise BadInput(f"{name!r} is no name for a model: small letters, digits, dots and dashes, 61 at most, not current or shipped")
        if (self.folder / name).exists():
            raise BadInput(f"there is a model {name!r} already in {self.folder}; give another name")
        check_folder(made)
        self.folder.mkdir(parents=True, exist_ok=True)
        aside = self.folder / f".{name}.part"
        shutil.rmtree(aside, ignore_errors=True)
        try:
            shutil.copytree(made, aside)
            (aside / RECORD).write_text(json.dumps(record, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
            aside.rename(self.folder / name)
        except OSError:
            shutil.rmtree(aside, ignore_errors=True)
            raise
        return self.entry(name)

    def note(self, name: str, told: Json) -> None:
        """Adds to a model's record, which is written aside and renamed."""
        entry = self.entry(name)
        aside = entry.folder / f".{RECORD}.part"
        aside.write_text(json.dumps(entry.record | told, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
        os.replace(aside, entry.folder / RECORD)

    def promote(self, name: str, now: str, why: str, *, back: bool = False) -> Entry:
        """Puts a model in use, in one step. Errors: BadInput for one that is not there or cannot be loaded."""
        entry = self.entry(name)
        check_folder(entry.folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        before = self.name_of(self.current())
        with (self.folder / HISTORY).open("a", encoding="utf-8") as lines:
            lines.write(json.dumps({"at": now, "model": name, "before": before, "why": why, "back": back}) + "\n")
        aside = self.folder / f".{CURRENT}.{os.getpid()}"
        aside.unlink(missing_ok=True)
        aside.symlink_to(entry.folder if name == SHIPPED_NAME else name)
        os.replace(aside, self.folder / CURRENT)
        return self.entry(name)

    def roll_back(self, now: str) -> Entry:
        """Puts the model back that was in use before the one that is. Errors: BadInput where there was none."""
        stack = self._stack()
        if len(stack) < 2:
            raise BadInput(f"{stack[-1]} is the first model that was in use here; there is none to go back to")
        return self.promote(stack[-2], now, f"rolled back from {stack[-1]}", back=True)

    def _stack(self) -> list[str]:
        """The models in use one after the other, without those rolled back; what a kill left noted and not done does not count."""
        stack = [SHIPPED_NAME]
        for row in self.history():
            if row.get("back"):
                stack = stack[:-1]
            elif stack[-1:] != [row["model"]]:
                stack.append(row["model"])
        used = self.name_of(self.current())
        return stack[: len(stack) - stack[::-1].index(used)] if used in stack else [*stack, used]

    def history(self) -> list[Json]:
        """Every promotion, in order; a line that a kill left half-written is passed over."""
        rows = []
        path = self.folder / HISTORY
        for line in path.read_text(encoding="utf-8").splitlines() if path.exists() else ():
            try:
                rows.append(json.loads(line))
            except ValueError:
                continue
        return rows

    def name_of(self, folder: Path) -> str:
        """A model's name in the registry."""
        return SHIPPED_NAME if folder == SHIPPED else folder.name


def check_folder(folder: Path) -> None:
    """Makes sure that a folder is a model of this software. Errors: BadInput says in one line what is wrong."""
    pickles = sorted(path.name for path in folder.rglob("*") if path.is_file() and _may_be_pickle(path))
    if pickles:
        raise BadInput(f"{folder}: {pickles[0]} may be a pickle, which can run code when it is opened; give safetensors and ONNX only")
    missing = [name for name in FILES if not (folder / name).is_file()]
    if missing:
        raise BadInput(f"{folder}: not a model folder, it lacks {', '.join(missing)}; name a folder that `onrecord train` wrote")
    own = folder / OWN_JUDGE
    lacking = [name for name in FILES if own.is_dir() and not (own / name).is_file()]
    if lacking:
        raise BadInput(f"{own}: not a judge's folder, it lacks {', '.join(lacking)}; train it again")
    for part in (folder, own) if own.is_dir() else (folder,):
        _check_label_set(part)


def _may_be_pickle(path: Path) -> bool:
    """By its name, or by how it begins, whatever its name."""
    with path.open("rb") as file:
        return path.suffix in _PICKLES or file.read(1) == b"\x80"


def _check_label_set(folder: Path) -> None:
    try:
        label_set = json.loads((folder / "config.json").read_text(encoding="utf-8"))["label_set"]
    except (ValueError, KeyError) as error:
        raise BadInput(f"{folder}: config.json cannot be read as a model's; train it again") from error
    if not serves(label_set):
        raise BadInput(f"{folder}: made for label set {label_set}, this software has {VERSION}; retrain it")


def _record(folder: Path) -> Json:
    path = folder / RECORD
    return json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
