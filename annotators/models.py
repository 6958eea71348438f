"""A model folder: what lies in it, and how it is loaded once a process.

model.onnx      the encoder with its tag and linking layers in 8 bits (ids, feature, mask -> tags, links, inner)
tokenizer.json  the tokenizer
config.json     revision, label set, tag steps, distance scores, calibration
judge/          the judge trained with it; without one the shipped judge serves
README.md       the model card
"""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from tokenizers import Tokenizer

from annotators.decoding import DISTANCES, Steps
from annotators.judging import Judge, load_judge
from annotators.tags import TAGS
from schemas import labels
from schemas.actors import Actors
from schemas.errors import BadInput

if TYPE_CHECKING:
    import openvino

SHIPPED = Path(__file__).with_name("weights") / "wire-small"
"""The model that the project ships."""
_OTHER_LABELS = f"made for label set {{}}, this software has {labels.VERSION}; retrain it"
JUDGE = Path(__file__).with_name("weights") / "claims-small"
"""The judge of role, modality and stance that it ships; it serves every attribution model that has none of its own."""
OWN_JUDGE = "judge"
FILES = ("model.onnx", "tokenizer.json", "config.json")
SHAPES = 64
"""Kernels kept for shapes met before, so that memory stays flat."""
_lock = threading.Lock()
_loaded: dict[Path, tuple[object, Model]] = {}
_judges: dict[Path, tuple[object, Judge]] = {}


@dataclass
class OpenVinoBackend:
    """Runs windows through OpenVINO; threads that call at once run side by side, each on one core."""

    compiled: openvino.CompiledModel
    steps: Steps
    special: tuple[int, int]
    _own: threading.local = field(default_factory=threading.local, repr=False)

    def run(self, ids: np.ndarray, feature: np.ndarray, mask: np.ndarray) -> tuple[np.ndarray, ...]:
        """See `annotators.attribution.Backend`; a model packed by an older version finds no inner relations."""
        if not hasattr(self._own, "request"):
            self._own.request = self.compiled.create_infer_request()
        results = self._own.request.infer({"ids": ids, "feature": feature, "mask": mask})
        inner = np.zeros_like(results["tags"]) if self.steps.inner is None else results["inner"]
        return results["tags"], results["links"], inner


@dataclass
class Model:
    """A loaded model."""

    revision: str
    tokenizer: Tokenizer
    backend: OpenVinoBackend
    config: dict[str, Any] = field(repr=False)
    judge: Judge = field(repr=False)
    one_tokenizer: bool = True
    """Whether the judge reads the same pieces."""
    actors: Actors | None = field(default=None, repr=False)
    """Who is who, where the desk has a file of it."""

    @property
    def revisions(self) -> str:
        """Attribution's and the judge's, either of which may be replaced alone."""
        return f"{self.revision}+{self.judge.revision}"

    @property
    def name(self) -> str:
        """Who says so, as claims have it."""
        return f"model:{self.revisions}"


def load_model(path: Path | None = None) -> Model:
    """The model in a folder (default: the shipped one), loaded once a process, and again when it was written anew.

    Errors: BadInput where the folder is no model of this project or of another label set.
    """
    folder = (path or SHIPPED).resolve()
    with _lock:
        stamp = (os.getpid(), _written(folder))
        if folder not in _loaded or _loaded[folder][0] != stamp:
            _loaded[folder] = stamp, _load(folder)
        return _loaded[folder][1]


def _written(folder: Path) -> tuple[int, int] | None:
    try:
        state = (folder / "config.json").stat()
    except OSError:
        return None
    return state.st_ino, state.st_mtime_ns


def _load(folder: Path) -> Model:
    missing = [name for name in FILES if not (folder / name).is_file()]
    if missing:
        raise BadInput(f"{folder}: not a model folder, it lacks {', '.join(missing)}; name a folder that `onrecord train` wrote")
    try:
        config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
        if not labels.serves(config["label_set"]):
            raise BadInput(f"{folder}: {_OTHER_LABELS.format(config['label_set'])}")
        tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        tokenizer.no_truncation()
        tokenizer.no_padding()
        decoding = _steps(config)
        backend = OpenVinoBackend(_compiled(folder / "model.onnx"), decoding, special_ids(tokenizer, config["special"]))
        judge = _judge(folder / OWN_JUDGE if (folder / OWN_JUDGE).is_dir() else JUDGE)
        return Model(
            config["revision"],
            tokenizer,
            backend,
            config,
            judge,
            judge.tokenizer.to_str() == tokenizer.to_str(),
        )
    except BadInput:
        raise
    except KeyError as error:
        raise BadInput(f"{folder}: cannot be loaded as a model: config.json lacks {error}; train it again") from error
    except Exception as error:
        reason = (str(error) or type(error).__name__).splitlines()[0]
        raise BadInput(f"{folder}: cannot be loaded as a model: {reason}; train it again") from error


def _steps(config: dict[str, Any]) -> Steps:
    square = (len(TAGS), len(TAGS))
    shapes = {"steps": square, "distance": (2, DISTANCES)} | ({"inner_steps": square} if "inner_steps" in config else {})
    steps, distance, *inner = (np.array(config[name], dtype=np.float32).reshape(shape) for name, shape in shapes.items())
    return Steps(steps, distance, config["absent_source"], *inner)


def _judge(folder: Path = JUDGE) -> Judge:
    """The judge in a folder, loaded once a process."""
    stamp = (os.getpid(), _written(folder))
    if _judges.get(folder, (None,))[0] != stamp:
        tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        _judges[folder] = stamp, load_judge(folder, _compiled(folder / "model.onnx"), special_ids(tokenizer, ("[CLS]", "[SEP]")))
    return _judges[folder][1]


def special_ids(tokenizer: Tokenizer, special: Sequence[str]) -> tuple[int, int]:
    """Vocabulary ids of the pieces that open and close a window. Errors: BadInput where the tokenizer lacks one."""
    first, last = (tokenizer.token_to_id(piece) for piece in special)
    if first is None or last is None:
        raise BadInput(f"the tokenizer does not know {' or '.join(special)}; take the tokenizer of the encoder")
    return first, last


def _compiled(path: Path) -> openvino.CompiledModel:
    """As many streams as cores, each on one thread: a thread that annotates takes one stream, so one thread costs one core."""
    import openvino

    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    settings = {"INFERENCE_NUM_THREADS": cores, "NUM_STREAMS": cores, "ENABLE_CPU_PINNING": False, "CPU_RUNTIME_CACHE_CAPACITY": SHAPES}
    core = openvino.Core()
    model = core.read_model(path)
    for output in model.outputs:
        if "hidden" in output.names:  # models packed by older versions give it; nobody reads it
            model.remove_result(output.node)
    return core.compile_model(model, "CPU", settings)
