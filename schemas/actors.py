"""Who is who in the disputes that a desk covers, and when: its file of actors, in YAML.

    Nicaragua:
      - name: Daniel Ortega
        aliases: [Ortega]
        roles:
          - {role: government, from: 1979-07-19, to: 1990-04-25}
          - {role: opposition, from: 1990-04-25, to: 2007-01-10}

`to` is the first day on which it is no longer so; without it, or without `from`, a role has no end, or has always been. Names are
compared without accents, case and marks.
"""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from itertools import pairwise
from typing import Any, NamedTuple, Self

import yaml
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError, model_validator

from schemas.errors import BadInput
from schemas.labels import Role


class Period(BaseModel):
    """A role from one day to another."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    role: Role
    start: date | None = Field(None, alias="from")
    end: date | None = Field(None, alias="to")

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.start and self.end and self.start >= self.end:
            raise ValueError(f"from {self.start} is not before to {self.end}")
        return self

    def holds(self, on: date) -> bool:
        """Whether it is so on a day."""
        return (self.start is None or self.start <= on) and (self.end is None or on < self.end)


class Actor(BaseModel):
    """A person, party or body with its roles."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str = Field(min_length=2)
    aliases: tuple[str, ...] = ()
    roles: tuple[Period, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _one_role_a_day(self) -> Self:
        for before, after in pairwise(sorted(self.roles, key=lambda p: p.start or date.min)):
            if before.end is None or after.start is None or after.start < before.end:
                raise ValueError(f"{self.name} is {before.role} and {after.role} on the same day; end the one before the other begins")
        return self

    def role(self, on: date | None) -> Role | None:
        """The role on a day; without a day the one that has always been."""
        if on is None:
            return next((period.role for period in self.roles if period.start is None and period.end is None), None)
        return next((period.role for period in self.roles if period.holds(on)), None)


class Listed(NamedTuple):
    """Where a name is found in the file."""

    country: str
    actor: Actor


class Actors:
    """A desk's file, to be asked for names."""

    def __init__(self, countries: Mapping[str, Sequence[Actor]]) -> None:
        self.countries = {country: tuple(its) for country, its in countries.items()}
        self._by_name: dict[str, list[Listed]] = defaultdict(list)
        for country, actors in self.countries.items():
            for actor in actors:
                for name in {plain(name) for name in (actor.name, *actor.aliases)}:
                    self._by_name[name].append(Listed(country, actor))

    def __len__(self) -> int:
        return sum(map(len, self.countries.values()))

    def find(self, names: Iterable[str]) -> list[Listed]:
        """All that bear one of these names."""
        return [listed for name in dict.fromkeys(map(plain, names)) for listed in self._by_name.get(name, ())]


def plain(name: str) -> str:
    """A name as names are compared: without accents, case, marks and a *the* in front."""
    bare = "".join(c for c in unicodedata.normalize("NFKD", name) if not unicodedata.combining(c))
    found = re.findall(r"\w+", bare.casefold())
    return " ".join(found[1:] if found[:1] == ["the"] and len(found) > 1 else found)


_File = TypeAdapter(dict[str, tuple[Actor, ...]])


def read_actors(text: str, name: str) -> Actors:
    """The actors of a desk's file. name: the file's, for errors. Errors: BadInput says where and what is allowed."""
    try:
        rows = yaml.load(text, _Loader)  # noqa: S506  a safe loader that refuses doubles
    except (yaml.YAMLError, ValueError) as error:  # a day that never was is a ValueError
        raise BadInput(f"{name}: not YAML: {' '.join(str(error).split())}") from error
    try:
        return Actors(_File.validate_python(rows or {}))
    except ValidationError as error:
        first = error.errors()[0]
        place = ", ".join(str(part + 1) if isinstance(part, int) else str(part) for part in first["loc"])
        raise BadInput(f"{name}: {place}: {first['msg'].removeprefix('Value error, ')}; see docs/actors.md for an example") from error


def write_actors(actors: Actors) -> str:
    """The file's text."""
    rows = {
        country: [actor.model_dump(mode="python", by_alias=True, exclude_defaults=True) for actor in its]
        for country, its in actors.countries.items()
    }
    return yaml.dump(_plain_values(rows), Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=140, default_flow_style=None)


def _plain_values(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _plain_values(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_plain_values(inner) for inner in value]
    return str(value) if isinstance(value, Role) else value


_Dumper: Any = getattr(yaml, "CSafeDumper", yaml.SafeDumper)
_Base: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class _Loader(_Base):
    """A safe loader that refuses a key given twice, where YAML would keep the last."""

    def construct_mapping(self, node: Any, deep: bool = False) -> dict[Any, Any]:
        """See `yaml`."""
        seen: set[str] = set()
        for key, _ in node.value:
            if key.value in seen:
                raise yaml.constructor.ConstructorError(None, None, f"{key.value} is given twice", key.start_mark)
            seen.add(key.value)
        return super().construct_mapping(node, deep)
