"""Nights in the store: which worked, which were lost on the way, which found another at work."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa

from flows.store.database import Database
from flows.tables import claims, nights, stories


@dataclass(frozen=True)
class NightRow:
    """One night. state: working, done, failed, lost or left (see `flows.tables`); before: story states when it began."""

    number: int
    started: str
    ended: str
    state: str
    station: str
    who: str
    before: dict[str, int] = field(default_factory=dict)
    page: dict[str, Any] | None = None


class Nights(Database):
    """What the store does with nights. Whoever begins one holds the lock (`flows.lock`), so that another `working` one is lost."""

    def begin_night(self, started: str, who: str) -> int:
        """Begins a night and gives its number; any that never ended is lost."""
        with self.writing() as db:
            db.execute(sa.update(nights).where(nights.c.state == "working").values(state="lost"))
            counts = db.execute(sa.select(stories.c.state, sa.func.count()).group_by(stories.c.state))
            before = {row[0]: row[1] for row in counts}
            row = {"started": started, "ended": "", "state": "working", "station": "intake", "who": who, "before": before}
            return int(db.execute(sa.insert(nights).values(**row).returning(nights.c.number)).scalar_one())

    def at_station(self, number: int, station: str) -> None:
        """Notes where a night is."""
        with self.writing() as db:
            db.execute(sa.update(nights).where(nights.c.number == number).values(station=station))

    def end_night(self, number: int, ended: str, state: str, page: dict[str, Any]) -> None:
        """Ends a night, with its morning page's figures."""
        with self.writing() as db:
            db.execute(sa.update(nights).where(nights.c.number == number).values(ended=ended, state=state, page=page))

    def left_night(self, started: str, who: str, reason: str) -> None:
        """Notes that a night found another at work and left."""
        row = {"started": started, "ended": started, "state": "left", "station": reason, "who": who, "before": {}}
        with self.writing() as db:
            db.execute(sa.insert(nights).values(**row))

    def nights(self, limit: int, before: int | None = None) -> list[NightRow]:
        """The newest nights, newest first; those before a number, if given."""
        with self.reading() as db:
            chosen = sa.select(nights).order_by(nights.c.number.desc()).limit(limit)
            rows = db.execute(chosen.where(nights.c.number < before) if before is not None else chosen).all()
        return [NightRow(*row) for row in rows]

    def nights_after(self, number: int) -> list[NightRow]:
        """The nights with a higher number, oldest first."""
        with self.reading() as db:
            return [NightRow(*row) for row in db.execute(sa.select(nights).where(nights.c.number > number).order_by(nights.c.number))]

    def carried_over(self, keys: Iterable[tuple[str, int]]) -> int:
        """How many attributed claims of these story versions an earlier version had already."""
        count = 0
        earlier = claims.alias()
        with self.reading() as db:
            for guid, version in keys:
                mine = sa.select(claims.c.key).where(claims.c.guid == guid, claims.c.version == version)
                chosen = sa.select(sa.func.count(earlier.c.key.distinct())).where(earlier.c.key.in_(mine), earlier.c.version < version)
                count += db.scalar(chosen) or 0
        return count
