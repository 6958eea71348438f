"""The packages are this repository's own, and nothing in them can load a pickle."""

from __future__ import annotations

import ast
import importlib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = ("flows", "annotators", "exports", "schemas")
SOURCES = sorted(path for name in PACKAGES for path in (ROOT / name).rglob("*.py"))
PICKLES = {"pickle", "_pickle", "cPickle", "cloudpickle", "dill", "joblib", "shelve", "marshal"}
"""Modules that run what a file tells them to."""
LOADERS = {"torch.load", "pandas.read_pickle", "pd.read_pickle"}
"""Calls that unpickle, whatever is imported."""


@pytest.mark.parametrize("name", PACKAGES)
def test_package_lies_in_this_repository(name: str) -> None:
    # the names are common ones: another installed package must not stand in for ours
    file = importlib.import_module(name).__file__
    assert file is not None
    assert Path(file).resolve() == ROOT / name / "__init__.py"


def test_there_are_sources() -> None:
    assert {path.relative_to(ROOT).parts[0] for path in SOURCES} == set(PACKAGES)


def pickles(source: str) -> list[str]:
    """What of a module's source imports or calls a pickle loader."""
    found = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found += [alias.name for alias in node.names if alias.name.split(".")[0] in PICKLES]
        elif isinstance(node, ast.ImportFrom):
            found += [node.module] if node.module and node.module.split(".")[0] in PICKLES else []
        elif isinstance(node, ast.Call):
            called, safe = ast.unparse(node.func), "weights_only=True"
            found += [called] if called in LOADERS and safe not in ast.unparse(node) else []
            found += [called] if "allow_pickle=True" in ast.unparse(node) else []
            found += (
                [called] if called == "importlib.import_module" and any(ast.unparse(a).strip("'") in PICKLES for a in node.args) else []
            )
    return found


@pytest.mark.parametrize("path", SOURCES, ids=lambda p: str(p.relative_to(ROOT)))
def test_no_pickle(path: Path) -> None:
    assert pickles(path.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("import pickle", ["pickle"]),
        ("import os, pickle as p", ["pickle"]),
        ("def f():\n    from joblib.numpy_pickle import load", ["joblib.numpy_pickle"]),
        ("torch.load(path)", ["torch.load"]),
        ("torch.load(path, weights_only=True)", []),
        ("np.load(path, allow_pickle=True)", ["np.load"]),
        ("np.load(path)", []),
        ("importlib.import_module('dill')", ["importlib.import_module"]),
        ("import os  # no pickle", []),
    ],
)
def test_the_check_itself(source: str, found: list[str]) -> None:
    assert pickles(source) == found
