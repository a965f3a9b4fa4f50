"""Which addresses may be reached."""

from __future__ import annotations

import ipaddress
import socket

import pytest

from hub.errors import ConfigError, RetryableError
from hub.sdk.address import AddressGuard, host_fits, host_patterns, is_public

PRIVATE = [
    "127.0.0.1", "127.8.8.8", "0.0.0.0", "10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.1.1", "169.254.1.1",
    "169.254.169.254", "100.64.0.1", "100.100.100.200", "168.63.129.16", "192.0.0.1", "192.0.2.1", "198.18.0.1",
    "198.51.100.1", "203.0.113.1", "224.0.0.1", "239.255.255.250", "240.0.0.1", "255.255.255.255", "192.88.99.1",
    "::", "::1", "::ffff:127.0.0.1", "::ffff:8.8.8.8", "::8.8.8.8", "64:ff9b::8.8.8.8", "64:ff9b::7f00:1",
    "64:ff9b:1::1", "2002:7f00:1::", "2002:808:808::", "2001::1", "2001:db8::1", "fe80::1", "fec0::1", "fc00::1",
    "fd00:ec2::254", "ff02::1", "100::1",
]  # fmt: skip
PUBLIC = ["8.8.8.8", "1.1.1.1", "223.5.5.5", "101.226.4.6", "2606:4700::1111", "2400:3200::1"]


@pytest.mark.parametrize("address", PRIVATE)
def test_address_when_not_public_then_refused(address: str) -> None:
    assert not is_public(ipaddress.ip_address(address))


@pytest.mark.parametrize("address", PUBLIC)
def test_address_when_public_then_allowed(address: str) -> None:
    assert is_public(ipaddress.ip_address(address))


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "localhost", "127.1", "2130706433", "0x7f.1", "017700000001", "::1", "0"]
)
def test_host_when_written_oddly_then_its_address_is_checked(host: str) -> None:
    with pytest.raises((ConfigError, RetryableError)):
        AddressGuard().resolve(host, 443, secure=True)


def test_host_when_one_of_its_addresses_is_private_then_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    answers = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (ip, 443)) for ip in ("8.8.8.8", "10.0.0.1")]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: answers)
    with pytest.raises(ConfigError, match="HUB_ALLOWED_PRIVATE_HOSTS"):
        AddressGuard().resolve("rebind.example", 443, secure=True)
    assert len(AddressGuard(["10.0.0.0/8"]).resolve("rebind.example", 443, secure=True)) == 2


def test_host_when_unknown_then_retryable() -> None:
    with pytest.raises(RetryableError):
        AddressGuard().resolve("no-such-host.invalid", 443, secure=True)


@pytest.mark.parametrize("allowed", ["127.0.0.1", "127.0.0.0/8", "LOCALHOST"])
def test_private_host_when_listed_then_allowed_over_plain_http(allowed: str) -> None:
    host = "localhost" if allowed == "LOCALHOST" else "127.0.0.1"
    guard = AddressGuard([allowed, "::1"])
    assert guard.resolve(host, 80, secure=False)


@pytest.mark.parametrize(
    ("listed", "host"), [("127.0.0.1:9100", "127.0.0.1"), ("[::1]:9100", "::1"), ("Localhost:9100", "localhost")]
)
def test_private_host_when_listed_with_a_port_then_only_that_port_is_allowed(listed: str, host: str) -> None:
    guard = AddressGuard([listed])
    assert guard.resolve(host, 9100, secure=False)
    for port, secure in ((80, False), (443, True), (91, True), (5432, True)):
        with pytest.raises(ConfigError, match="HUB_ALLOWED_PRIVATE_HOSTS"):
            guard.resolve(host, port, secure=secure)


@pytest.mark.parametrize("address", ["169.254.169.254", "100.100.100.200", "fd00:ec2::254"])
def test_metadata_when_listed_then_still_refused(address: str) -> None:
    with pytest.raises(ConfigError):
        AddressGuard([address, "0.0.0.0/0", "::/0"]).resolve(address, 80, secure=True)


def test_plain_http_when_host_is_not_listed_then_refused() -> None:
    guard = AddressGuard()
    assert guard.resolve("8.8.8.8", 443, secure=True)
    with pytest.raises(ConfigError, match="https"):
        guard.resolve("8.8.8.8", 80, secure=False)


def test_patterns_when_made_from_config_then_templates_are_filled() -> None:
    hosts = ("{shop}", "{target_url}", "{missing}", "api.example.com", "{region}.example.com")
    config = {
        "shop": "Demo.myshopify.com",
        "target_url": "https://crm.example.com:8443/x?y",
        "region": "eu",
        "missing": None,
    }
    assert host_patterns(hosts, config) == (
        "demo.myshopify.com",
        "crm.example.com",
        "api.example.com",
        "eu.example.com",
    )


def test_host_when_compared_with_patterns_then_only_exact_or_below() -> None:
    assert host_fits("API.example.com.", None, ["api.example.com"])
    assert host_fits("a.example.com", None, ["*.example.com"])
    assert host_fits("a.example.com", 444, ["a.example.com:444"])
    assert not host_fits("a.example.com", 443, ["a.example.com:444"])
    assert not host_fits("example.com", None, ["*.example.com"])
    assert not host_fits("evilexample.com", None, ["*.example.com", "example.com"])
    assert not host_fits("anything", None, [])
