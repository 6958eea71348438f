"""The command line. Commands are thin: they read settings, call the library, and show what came of it.

Exit status: 0 done, 1 not done, 2 wrong use. An error a user can cause is one line on standard error.
"""

from __future__ import annotations

import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from exports.adjudication import Rule
from exports.formats import Layout
from flows.grouped_commands import GROUPS, ModelPath
from schemas.errors import BadInput, OnRecordError

app = typer.Typer(
    name="onrecord",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    help="Finds who says what in wire news and whose side it speaks for, and puts every finding before a human.",
)
for name, group in GROUPS.items():
    app.add_typer(group, name=name)

Inputs = Annotated[
    list[str],
    typer.Argument(
        help="Wire files, folders, globs, zip or tar archives, http(s) or fsspec addresses, or - for standard input.", show_default=False
    ),
]


class Format(StrEnum):
    """How claims are printed."""

    TABLE = "table"
    JSONL = "jsonl"


@app.command(epilog="Example: onrecord annotate examples/wire --format table")
def annotate(
    inputs: Inputs,
    form: Annotated[Format, typer.Option("--format", help="A table for people, or a claim a line.")] = Format.TABLE,
    model: ModelPath = None,
    who: Annotated[
        Path | None, typer.Option("--actors", help="The desk's file of who is who; see docs/actors.md.", show_default=False)
    ] = None,
) -> None:
    """Pre-label the claims of stories, without a server."""
    from flows.commands import annotate_files

    annotate_files(inputs, as_table=form is Format.TABLE, model=model, actors=who)


@app.command(epilog="Example: onrecord nightly examples/wire --dry-run")
def nightly(
    inputs: Annotated[
        list[str] | None,
        typer.Argument(
            help="Files, folders, globs, archives or addresses of the wire; default: ONRECORD_WIRE, else wire in the data folder.",
            show_default=False,
        ),
    ] = None,
    limit: Annotated[int | None, typer.Option(min=1, help="Read only so many files, in order.")] = None,
    push: Annotated[bool, typer.Option(help="Push tasks to Label Studio, or stop before it.")] = True,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what the night would do, and do nothing.")] = False,
    budget: Annotated[str, typer.Option(help="What people can review a day: 3h, 90m, or a number of tasks.", show_default=False)] = "",
) -> None:
    """Run the nightly flow once: read, split, pre-label, store, push; then write the morning page."""
    from flows.commands import run_night

    run_night(inputs or [], limit=limit, push=push, dry=dry_run, budget=budget)


@app.command(epilog="Example: onrecord up")
def up() -> None:
    """Run everything on this machine until Ctrl-C: Prefect with its schedules, and Label Studio."""
    from flows.settings import load_settings
    from flows.showing import err
    from flows.up import run_up

    run_up(load_settings(), err().print)


@app.command(epilog="Example: onrecord pull")
def pull() -> None:
    """Bring reviews from Label Studio into the store: new, changed and deleted ones."""
    from flows.commands import pull_reviews

    pull_reviews()


@app.command(epilog="Example: onrecord reconcile && onrecord reconcile --apply")
def reconcile(
    apply: Annotated[bool, typer.Option("--apply", help="Mend what is different.")] = False,
    restore: Annotated[bool, typer.Option("--restore", help="Put back tasks that were deleted in Label Studio.")] = False,
) -> None:
    """Compare the store with Label Studio, and say or carry out what mends it; a lost server is filled again."""
    from flows.desk_commands import reconcile_desk

    reconcile_desk(apply=apply, restore=restore)


@app.command(epilog="Example: onrecord rollout --model data/models/mine")
def rollout(model: ModelPath = None) -> None:
    """Show another model's pre-labels on every open task, in one step; what people have done stands."""
    from flows.desk_commands import roll_out_model

    roll_out_model(model)


@app.command(epilog="Example: onrecord relabel")
def relabel() -> None:
    """Carry what people decided over to a new version of the label set, or say what it would strand."""
    from flows.desk_commands import relabel_desk

    relabel_desk()


@app.command(epilog="Example: onrecord export data/export && python -c 'import datasets; print(datasets.load_dataset(\"data/export\"))'")
def export(
    out: Annotated[Path, typer.Argument(help="Folder to write; replaced whole.")] = Path("data/export"),
    source: Annotated[
        Path | None, typer.Option("--from", help="The manifest.json of an earlier export, to make it again.", show_default=False)
    ] = None,
    form: Annotated[Layout, typer.Option("--format", help="Another format, added to the dataset in a folder of its own.")] = Layout.DATASET,
    rule: Annotated[
        Rule | None,
        typer.Option(help="How several people's choices become one; default: majority, or expert with --expert.", show_default=False),
    ] = None,
    expert: Annotated[list[str] | None, typer.Option(help="Whose word settles it; may be given several times.", show_default=False)] = None,
) -> None:
    """Write the reviewed claims as a folder that `datasets.load_dataset` reads, in splits that do not leak."""
    from flows.exporting import export_reviews

    export_reviews(out, source, form=form, rule=rule, experts=expert or [])


@app.command(epilog="Example: onrecord demo --stop")
def demo(
    stop: Annotated[bool, typer.Option("--stop", help="Stop the servers that the demo started.")] = False,
    wire: Annotated[Path, typer.Option(help="The stories to read.", show_default="examples/wire")] = Path("examples/wire"),
) -> None:
    """Start Label Studio, run a night over the example stories, and say where to review them."""
    from flows.demo import run_demo, stop_demo

    if stop:
        stop_demo()
    else:
        run_demo(wire)


@app.command(epilog="Example: onrecord retrain --base polnear/train.jsonl --gold polnear/dev.jsonl")
def retrain(
    data: Annotated[
        Path | None, typer.Option(help="A folder that `onrecord export` wrote; default: the newest.", show_default=False)
    ] = None,
    base: Annotated[
        list[Path] | None,
        typer.Option(help="Articles in PolNeAR's format to train on too, so that old skill is not lost.", show_default=False),
    ] = None,
    gold: Annotated[
        list[Path] | None,
        typer.Option(help="Frozen articles in PolNeAR's format to judge by, beside the export's test split.", show_default=False),
    ] = None,
    epochs: Annotated[int, typer.Option(min=1, help="Passes over the data; stops before where dev no longer gains.")] = 3,
) -> None:
    """Train the model in use on what people reviewed; put it in use if nothing is worse and something better, else say why not.

    A run that was killed goes on when it is run again. Exit status 1 where the model in use stays.
    """
    from flows.model_commands import retrain_model

    if not retrain_model(data, base or [], gold or [], epochs):
        sys.exit(1)


def main() -> None:
    """Runs the command line; turns the project's errors into one line."""
    try:
        app(standalone_mode=True)
    except BrokenPipeError:
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit("onrecord: interrupted; run it again to go on")
    except OnRecordError as error:
        print(f"onrecord: {error}", file=sys.stderr)
        sys.exit(2 if isinstance(error, BadInput) else 1)
    except OSError as error:
        print(f"onrecord: {error.strerror or error}{f': {error.filename}' if error.filename else ''}", file=sys.stderr)
        sys.exit(1)
