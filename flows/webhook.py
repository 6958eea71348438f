"""Tells monitoring how a night went, by one HTTP request: limited in time and size, no redirects, its address never shown."""

from __future__ import annotations

import httpx

from flows.morning import Morning
from schemas.errors import Unavailable

SECONDS = 10.0


def tell(address: str, morning: Morning) -> None:
    """Posts the night's state and figures as JSON; nothing where there is no address. Errors: Unavailable where it is not taken."""
    if not address:
        return
    body = {
        "night": morning.number,
        "state": morning.state,
        "headline": morning.headline,
        "started": morning.started,
        "ended": morning.ended,
        "figures": morning.figures,
        "failures": morning.failures,
        "notes": morning.notes,
        "unusual": morning.unusual,
    }
    try:
        with httpx.stream("POST", address, json=body, timeout=SECONDS, follow_redirects=False) as answer:
            status = answer.status_code  # what it says is not read
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise Unavailable(f"the webhook could not be told: {type(error).__name__}") from error
    if not 200 <= status < 300:
        raise Unavailable(f"the webhook answered {status}")
