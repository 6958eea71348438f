"""Where a connection may lead: each name is looked up once, its addresses are checked, and the connection goes to the one checked."""

from __future__ import annotations

import ipaddress
import socket
import urllib.request
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import httpcore
import httpx

from schemas.errors import BadInput, Unavailable

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Resolve = Callable[[str, int], list[str]]
"""The addresses of a host, for a port. Errors: OSError."""
_NAT64 = ipaddress.ip_network("64:ff9b::/96")


def looked_up(host: str, port: int) -> list[str]:
    """What the system knows of a host."""
    return list(dict.fromkeys(str(place[0]) for *_, place in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)))


@dataclass(frozen=True)
class Reach:
    """inside: hosts in this network that the user has named, in lower case; resolve: how names are looked up."""

    inside: frozenset[str] = frozenset()
    resolve: Resolve = looked_up

    def named(self, host: str | None) -> Reach:
        """The same, with the host of an address that the user has typed, where that is no name that somebody else decides on."""
        own = (host or "").lower()
        return Reach(self.inside | {own}, self.resolve) if own == "localhost" or _literal(own) else self

    def addresses(self, host: str, port: int) -> list[str]:
        """Where a host may be reached. Errors: BadInput where an address of it lies where no feed does, Unavailable where it has none."""
        try:
            found = self.resolve(host, port)
        except (OSError, UnicodeError) as error:
            raise Unavailable(f"its host {host} cannot be found: {getattr(error, 'strerror', None) or error}") from error
        meant = [ip for told in found for ip in _meant(ipaddress.ip_address(told.partition("%")[0]))]
        for ip in meant:
            if ip.is_link_local or ip.is_multicast or ip.is_unspecified:
                raise BadInput(f"{host} is at {ip}, which is a link-local, multicast or empty address: no feed has one")
        for ip in meant if host.lower() not in self.inside else ():
            if not ip.is_global:
                raise BadInput(f"{host} is at {ip}, inside this network; if that is meant, name {host} in ONRECORD_HOSTS")
        return found


def _literal(host: str) -> bool:
    try:
        return bool(ipaddress.ip_address(host))
    except ValueError:
        return False


def _meant(ip: Address) -> Iterator[Address]:
    """An address and those that lie in it."""
    yield ip
    if isinstance(ip, ipaddress.IPv6Address):
        inner = [ip.ipv4_mapped, ip.sixtofour, *(ip.teredo or ())]
        inner += [ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF)] if ip in _NAT64 else []
        yield from (v4 for v4 in inner if v4 is not None)


class _Backend(httpcore.SyncBackend):
    """Connects to a checked address only; certificates are still asked for by the name."""

    def __init__(self, reach: Reach) -> None:
        self._reach = reach

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        error: httpcore.ConnectError | httpcore.ConnectTimeout | None = None
        for address in self._reach.addresses(host, port):
            try:
                return super().connect_tcp(address, port, timeout, local_address, socket_options)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as failed:
                error = failed
        raise error or httpcore.ConnectError(f"{host} has no address")

    def connect_unix_socket(self, path: str, *_: Any, **__: Any) -> httpcore.NetworkStream:
        raise BadInput(f"{path}: sockets are not taken")


class _Checked(httpx.HTTPTransport):
    """Connections by the backend."""

    def __init__(self, reach: Reach) -> None:
        super().__init__()
        self._pool = httpcore.ConnectionPool(ssl_context=httpx.create_ssl_context(), network_backend=_Backend(reach))


class Client(httpx.Client):
    """Follows nothing by itself, and connects to checked addresses only. A proxy of the environment looks names up for itself."""

    def __init__(self, reach: Reach, timeout: httpx.Timeout) -> None:
        super().__init__(timeout=timeout, follow_redirects=False, headers={"User-Agent": "onrecord"})
        self._reach = reach
        # in the place of the one made: one that is handed in would have the environment's proxies passed by
        self._transport.close()
        self._transport = _Checked(reach)

    def check(self, address: str) -> None:
        """Errors: BadInput for what is no web address; behind a proxy also for what lies where no feed does, as far as can be seen."""
        url = httpx.URL(address)
        if url.scheme not in ("http", "https") or not url.host:
            raise BadInput("led to an address that is not http or https")
        if {"http", "https", "all"} & set(urllib.request.getproxies()) and not urllib.request.proxy_bypass(url.host):
            self._reach.addresses(url.host, url.port or 443)
