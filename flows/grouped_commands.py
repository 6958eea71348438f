"""The commands that come in groups: `onrecord evaluate ...`, `train`, `report`, `models`, `quarantine`, `actors`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from exports.adjudication import Rule

evaluate = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="Score a model on gold data.")
train = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="Train a model (needs the train extra).")
report = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="Report on what people decided.")
models = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="Say which model is in use, compare, promote, roll back.")
quarantine = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="What of the wire could not be read.")
actors = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="Who is who in the disputes a desk covers, and when.")
GROUPS = {"evaluate": evaluate, "train": train, "report": report, "models": models, "quarantine": quarantine, "actors": actors}

ModelPath = Annotated[Path | None, typer.Option("--model", help="Model folder; default: the shipped model.", show_default=False)]
Name = Annotated[str, typer.Argument(help="A model of the registry.", show_default=False)]
Gold = Annotated[Path, typer.Argument(help="Gold data, JSON lines.", show_default=False)]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]


@evaluate.command("attribution", epilog="Example: onrecord evaluate attribution polnear/dev.jsonl --json")
def evaluate_attribution(gold: Gold, as_json: AsJson = False, model: ModelPath = None) -> None:
    """Exact, word and relation figures of attribution on articles in PolNeAR's format."""
    from flows.measuring import measure_attribution

    measure_attribution(gold, model, as_json=as_json)


@evaluate.command("claims", epilog="Example: onrecord evaluate claims wire-gold/dev.jsonl --json")
def evaluate_claims(gold: Gold, as_json: AsJson = False, model: ModelPath = None) -> None:
    """Accuracy, macro-F1 and calibration of role, stance and the rest on gold spans."""
    from flows.measuring import measure_claims

    measure_claims(gold, model, as_json=as_json)


@train.command("attribution", epilog="Example: onrecord train attribution polnear --out data/models/mine --encoder path/to/encoder")
def train_attribution(
    data: Annotated[
        Path, typer.Argument(help="Folder with train.jsonl and dev.jsonl, or one that `onrecord export` wrote.", show_default=False)
    ],
    out: Annotated[Path, typer.Option(help="Model folder to write; a run that was killed goes on from there.", show_default=False)],
    encoder: Annotated[
        str, typer.Option(help="Hugging Face id or path of the encoder to start from, or a model folder to train on.")
    ] = "sentence-transformers/all-MiniLM-L6-v2",
    epochs: Annotated[int, typer.Option(min=1, help="Passes over the data; stops before where dev no longer gains.")] = 8,
    width: Annotated[
        int | None,
        typer.Option(min=1, help="Neurons a feed-forward layer: the model trained on is made narrower, so faster.", show_default=False),
    ] = None,
) -> None:
    """Train attribution, then role, stance and the rest, and pack a model folder with its card."""
    from flows.learning import train_model

    train_model(data, out, encoder, epochs, width)


@train.command("claims", epilog="Example: onrecord train claims --out data/models/judge --encoder path/to/encoder")
def train_claims(
    out: Annotated[Path, typer.Option(help="Folder to write; a run that was killed goes on from there.", show_default=False)],
    encoder: Annotated[
        str, typer.Option(help="Hugging Face id or path of the encoder to start from.")
    ] = "sentence-transformers/all-MiniLM-L6-v2",
    epochs: Annotated[int, typer.Option(min=1, help="Passes over the data; stops before where held-out passages no longer gain.")] = 6,
    wire: Annotated[
        Path | None, typer.Option(help="Folder of MUC-3's stories, to learn from the project's labels of them too.", show_default=False)
    ] = None,
    teacher: Annotated[
        str | None, typer.Option(help="Id or path of a larger encoder, which learns first and is then followed.", show_default=False)
    ] = None,
    unlabelled: Annotated[
        Path | None,
        typer.Option(
            help="Articles in PolNeAR's format, on whose relations and sentences the teacher is followed too.", show_default=False
        ),
    ] = None,
    runs: Annotated[int, typer.Option(min=1, help="Runs whose weights are averaged, those that together do best.")] = 1,
) -> None:
    """Train the judge of role, modality and stance on the project's written claims."""
    from flows.learning import JudgeData, train_judge

    train_judge(out, encoder, epochs, JudgeData(wire, teacher, unlabelled), runs)


@report.command("withdrawn", epilog="Example: onrecord report withdrawn")
def report_withdrawn() -> None:
    """List the stories that their agencies withdrew, with the exports that held them."""
    from flows.quarantining import list_withdrawn

    list_withdrawn()


@report.command("agreement", epilog="Example: onrecord report agreement --json")
def report_agreement(as_json: AsJson = False) -> None:
    """How far people who reviewed the same claims agree, element by element, with intervals; and hidden gold."""
    from flows.desk_commands import show_agreement

    show_agreement(as_json=as_json)


@report.command("disputes", epilog="Example: onrecord report disputes --rule expert --expert ann@example.org")
def report_disputes(
    rule: Annotated[Rule, typer.Option(help="How several people's choices become one.")] = Rule.MAJORITY,
    expert: Annotated[list[str] | None, typer.Option(help="Whose word settles it; may be given several times.", show_default=False)] = None,
) -> None:
    """What people who reviewed the same claims do not agree on, a JSON object a line; an expert's review in Label Studio settles it."""
    from flows.desk_commands import show_disputes

    show_disputes(rule, expert or [])


@report.command("errors", epilog="Example: onrecord report errors --ask 20")
def report_errors(
    ask: Annotated[int, typer.Option(min=0, help="Have so many, from the top, reviewed by another person in Label Studio.")] = 0,
) -> None:
    """Rank the decisions that are likely slips, a JSON object a claim; needs the extra `curate` (cleanlab, scikit-learn)."""
    from flows.rechecking import show_label_errors

    show_label_errors(ask)


@report.command("drift", epilog="Example: onrecord report drift --json")
def report_drift(as_json: AsJson = False) -> None:
    """How far the newest night's labels, confidence and acceptance are from the four weeks before, by agency, and whether by chance."""
    from flows.drifting import show_drift

    show_drift(as_json=as_json)


@models.command("list", epilog="Example: onrecord models list")
def models_list() -> None:
    """List the models, a star before the one in use."""
    from flows.model_commands import list_models

    list_models()


@models.command("add", epilog="Example: onrecord models add march data/models-made/march")
def models_add(
    name: Name, folder: Annotated[Path, typer.Argument(help="A folder that `onrecord train` wrote.", show_default=False)]
) -> None:
    """Take a trained model folder into the registry."""
    from flows.model_commands import add_model

    add_model(name, folder)


@models.command("compare", epilog="Example: onrecord models compare shipped march polnear/dev.jsonl")
def models_compare(before: Name, after: Name, gold: Gold) -> None:
    """Compare two models on frozen gold: intervals by bootstrap over stories, and the ten worst new errors."""
    from flows.model_commands import compare_models

    compare_models(before, after, gold)


@models.command("promote", epilog="Example: onrecord models promote march --gold polnear/dev.jsonl")
def models_promote(name: Name, gold: Annotated[Path, typer.Option(help="Frozen gold, in PolNeAR's format.", show_default=False)]) -> None:
    """Put a model in use, if on frozen gold nothing is worse beyond the interval and something is better."""
    from flows.model_commands import promote_model

    if not promote_model(name, gold):
        sys.exit(1)


@models.command("rollback", epilog="Example: onrecord models rollback")
def models_rollback() -> None:
    """Put the model back that was in use before."""
    from flows.model_commands import roll_back_model

    roll_back_model()


@quarantine.command("list", epilog="Example: onrecord quarantine list")
def quarantine_list(as_json: AsJson = False) -> None:
    """List the files that were turned away, with the reason, the last seen first."""
    from flows.quarantining import list_quarantine

    list_quarantine(as_json=as_json)


@quarantine.command("show", epilog="Example: onrecord quarantine show wire/16-broken.xml")
def quarantine_show(
    file: Annotated[str, typer.Argument(help="The file as `list` names it, or the end of its name.", show_default=False)],
) -> None:
    """Show why a file was turned away, and the lines around the place."""
    from flows.quarantining import show_quarantine

    show_quarantine(file)


@quarantine.command("retry", epilog="Example: onrecord quarantine retry")
def quarantine_retry(
    files: Annotated[list[str] | None, typer.Argument(help="Files as `list` names them; default: all.", show_default=False)] = None,
) -> None:
    """Read files that were turned away once more; what can be read now is stored, and the next night annotates it."""
    from flows.quarantining import retry_quarantine

    retry_quarantine(files or [])


@actors.command("check", epilog="Example: onrecord actors check examples/desk/actors.yaml")
def actors_check(file: Annotated[Path, typer.Argument(help="A desk's file, YAML.", show_default=False)]) -> None:
    """Check a desk's file, and say what it holds."""
    from flows.actors import check_actors

    check_actors(file)


@actors.command("import", epilog="Example: onrecord actors import Phoenix.*.actors.txt --out actors.yaml --country Nicaragua")
def actors_import(
    files: Annotated[list[Path], typer.Argument(help="Phoenix / CAMEO dictionaries of actors.", show_default=False)],
    out: Annotated[Path, typer.Option(help="File to write.", show_default=False)],
    country: Annotated[
        list[str] | None, typer.Option(help="A country to take, as often as you like; default: all.", show_default=False)
    ] = None,
) -> None:
    """Make a desk's file from Phoenix dictionaries."""
    from flows.actors import import_actors

    import_actors(files, out, country or [])
