"""Which network addresses a connector may reach: the guard against server-side request forgery."""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import urlsplit

from hub.errors import ConfigError, RetryableError

IPAddress = ipaddress.IPv4Address | ipaddress.IPv6Address
_IPNetwork = ipaddress.IPv4Network | ipaddress.IPv6Network

_METADATA = frozenset(
    ipaddress.ip_address(text)
    for text in ("169.254.169.254", "169.254.170.2", "100.100.100.200", "168.63.129.16", "192.0.0.192", "fd00:ec2::254")
)

# Forms that smuggle an IPv4 address past a check of the IPv6 one, and ranges that the standard
# library's `is_global` has judged differently from release to release.
_REFUSED = tuple(
    ipaddress.ip_network(text)
    for text in (
        "0.0.0.0/8",
        "100.64.0.0/10",
        "192.0.0.0/24",
        "192.88.99.0/24",
        "198.18.0.0/15",
        "::/8",
        "64:ff9b::/96",
        "64:ff9b:1::/48",
        "100::/64",
        "2001::/23",
        "2002::/16",
        "5f00::/16",
        "fc00::/7",
        "fec0::/10",
    )
)


def is_public(address: IPAddress) -> bool:
    """Whether an address is on the public internet and no cloud's metadata service."""
    if address in _METADATA or not address.is_global or address.is_multicast or address.is_reserved:
        return False
    return not any(address in network for network in _REFUSED if network.version == address.version)


def host_patterns(hosts: Iterable[str], config: Mapping[str, Any]) -> tuple[str, ...]:
    """The manifest's `hosts` with `{field}` replaced from the connection's config.

    A field may hold a host, `host:port` or a URL (its host is taken); an unset one drops the pattern.
    """
    found = []
    for host in hosts:
        name = host[1:-1] if host.startswith("{") and host.endswith("}") else ""
        if name:
            text = str(config.get(name) or "")
            found.append(urlsplit(text).hostname or "" if "://" in text else text)
        else:
            found.append(host.format_map({key: value or "" for key, value in config.items()}))
    return tuple(pattern.lower().rstrip(".") for pattern in found if pattern)


def host_fits(host: str, port: int | None, patterns: Iterable[str]) -> bool:
    """Whether a host is one of the patterns: `host`, `host:port`, `*.domain` (not the bare domain)."""
    host = host.lower().rstrip(".")
    for pattern in patterns:
        if pattern in (host, f"{host}:{port}"):
            return True
        if pattern.startswith("*.") and host.endswith(pattern[1:]):
            return True
    return False


class AddressGuard:
    """Resolves a host once, refuses addresses that are not public, and returns those to connect to.

    `allowed_private_hosts` are host names, `host:port` (that port alone, `[::1]:9100` for IPv6) or
    CIDRs that may be reached although private or loopback, and over plain http. Metadata services
    are never allowed.
    """

    def __init__(self, allowed_private_hosts: Iterable[str] = ()) -> None:
        self._hosts: set[str] = set()
        self._networks: list[_IPNetwork] = []
        for entry in allowed_private_hosts:
            text = entry.strip().lower()
            try:
                self._networks.append(ipaddress.ip_network(text, strict=False))
            except ValueError:
                self._hosts.add(text.rstrip("."))

    def resolve(self, host: str, port: int, *, secure: bool) -> list[tuple[int, tuple[Any, ...]]]:
        """Socket families and addresses to try, in order, every one of them checked.

        Raises `ConfigError` when the host has an address it may not have, `RetryableError` when the
        name cannot be resolved now.
        """
        try:
            found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except (socket.gaierror, UnicodeError):
            raise RetryableError(f"the host {host} could not be resolved; check its name and the DNS server") from None
        targets = [(int(family), address) for family, _, _, _, address in found]
        for _, address in targets:
            self._require_allowed(host, port, ipaddress.ip_address(str(address[0]).partition("%")[0]), secure=secure)
        return targets

    def _require_allowed(self, host: str, port: int, address: IPAddress, *, secure: bool) -> None:
        listed = self._is_listed(host, port, address)
        if address in _METADATA or not (listed or is_public(address)):
            raise ConfigError(
                f"the host {host} has the address {address}, which is not public; to allow it, add the host "
                "or its network to HUB_ALLOWED_PRIVATE_HOSTS"
            )
        if not secure and not listed:
            raise ConfigError(
                f"plain http to {host} is refused; use https, or add the host to HUB_ALLOWED_PRIVATE_HOSTS"
            )

    def _is_listed(self, host: str, port: int, address: IPAddress) -> bool:
        name = host.lower().rstrip(".")
        if name in self._hosts or (f"[{name}]:{port}" if ":" in name else f"{name}:{port}") in self._hosts:
            return True
        return any(address in network for network in self._networks if network.version == address.version)
