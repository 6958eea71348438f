"""The desk's file of actors: read, checked, and made of dictionaries."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from annotators.models import Model
from flows.showing import err
from schemas.actors import Actors, read_actors, write_actors
from schemas.errors import BadInput
from schemas.phoenix import read_phoenix


def informed(model: Model, file: Path | None) -> Model:
    """The model with a desk's file beside it; as it is, without one. Errors: BadInput where the file cannot be used."""
    return replace(model, actors=load_actors(file)) if file else model


def load_actors(file: Path) -> Actors:
    """A desk's file. Errors: BadInput says what is wrong with it."""
    return read_actors(_text(file), str(file))


def check_actors(file: Path) -> None:
    """Prints what a desk's file holds."""
    actors = load_actors(file)
    roles = Counter(str(period.role) for its in actors.countries.values() for actor in its for period in actor.roles)
    told = ", ".join(f"{count} {role}" for role, count in sorted(roles.items()))
    print(f"{file}: {len(actors)} actors of {len(actors.countries)} countries ({told or 'no roles'})")


def import_actors(files: Sequence[Path], out: Path, countries: Sequence[str]) -> None:
    """Writes a desk's file from Phoenix dictionaries, of all countries or some. Errors: BadInput for a country they do not have."""
    if out.exists():
        raise BadInput(f"{out}: is there already; name another file, or delete it")
    with err().status(f"reading {len(files)} dictionaries"):
        found = read_phoenix("\n".join(map(_text, files)))
        unknown = sorted(set(countries) - set(found))
        if unknown or not found:
            raise BadInput(
                f"{', '.join(unknown) or 'nobody'}: not in these dictionaries; they have {', '.join(found) or 'no actor with a role'}"
            )
        actors = Actors({country: its for country, its in found.items() if not countries or country in countries})
        aside = out.with_name(out.name + ".part")
        aside.write_text(write_actors(actors), encoding="utf-8")
        aside.replace(out)
    check_actors(out)


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise BadInput(f"{file}: not UTF-8 at byte {error.start}; save it as UTF-8") from error
    except OSError as error:
        raise BadInput(f"{file}: {error.strerror}") from error
