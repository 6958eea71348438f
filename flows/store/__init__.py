"""The system of record: stories, claims, tasks, reviews and what was turned away, in one database.

SQLite by default, PostgreSQL by URL. Label Studio is a view of it. Every method is one transaction.
"""

from __future__ import annotations

from flows.store.claims import Claims
from flows.store.desk import Desk, Entry, Waiting
from flows.store.fanning import Fanning
from flows.store.nights import NightRow, Nights
from flows.store.quarantine import Quarantine, TurnedAway
from flows.store.reviews import Reviews
from flows.store.stories import Arrival, utc
from flows.store.windows import Windows
from flows.tables import stories

__all__ = ["Arrival", "Entry", "NightRow", "Store", "TurnedAway", "Waiting", "stories", "utc"]


class Store(Claims, Fanning, Nights, Reviews, Desk, Windows, Quarantine):
    """The database behind a URL, a room for each subject."""
