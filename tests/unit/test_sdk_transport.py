"""Pinned addresses, kept-alive connections, certificates: over real TLS on loopback."""

from __future__ import annotations

import datetime as dt
import socket
import ssl
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from hub.errors import ConfigError, RetryableError
from hub.sdk import HttpClient

_resolve = socket.getaddrinfo


@dataclass
class Seen:
    connections: int = 0
    hosts: list[str] = field(default_factory=list)
    names: list[str] = field(default_factory=list)


@dataclass
class TlsPeer:
    port: int
    ca_file: str
    seen: Seen


def _certificate(folder: Path, name: str) -> tuple[str, str]:
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    now = dt.datetime.now(dt.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    (folder / "key.pem").write_bytes(private)
    (folder / "cert.pem").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    return str(folder / "cert.pem"), str(folder / "key.pem")


@pytest.fixture
def peer(tmp_path: Path) -> Iterator[TlsPeer]:
    seen = Seen()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def setup(self) -> None:
            seen.connections += 1
            super().setup()

        def do_GET(self) -> None:
            seen.hosts.append(self.headers["Host"])
            self.send_response(200)
            self.send_header("Content-Length", "2")
            self.end_headers()
            self.wfile.write(b"{}")

        def log_message(self, *_: Any) -> None:
            pass

    class Server(ThreadingHTTPServer):
        daemon_threads = True
        block_on_close = False

        def handle_error(self, *_: Any) -> None:
            pass

    cert, key = _certificate(tmp_path, "shop.test")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(cert, key)
    context.sni_callback = lambda _socket, name, _context: seen.names.append(str(name))
    with Server(("127.0.0.1", 0), Handler) as server:
        server.socket = context.wrap_socket(server.socket, server_side=True)
        thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        yield TlsPeer(server.server_port, cert, seen)
        server.shutdown()
        thread.join(5)


def _answers(monkeypatch: pytest.MonkeyPatch, *addresses: str) -> list[str]:
    """Makes `*.test` resolve to these addresses, one a look-up, the last for ever; returns the names asked."""
    left, asked = list(addresses), []

    def resolve(host: str, port: int, *args: Any, **kwargs: Any) -> Any:
        if not host.endswith(".test"):
            return _resolve(host, port, *args, **kwargs)
        asked.append(host)
        address = left.pop(0) if len(left) > 1 else left[0]
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port))]

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    return asked


def _client(peer: TlsPeer, *allowed: str, ca_file: str | None = None) -> HttpClient:
    return HttpClient("shop", hosts=["*.test"], allowed_private_hosts=allowed, ca_file=ca_file or peer.ca_file)


def test_call_when_pinned_then_name_stays_in_host_sni_and_certificate_check(
    peer: TlsPeer, monkeypatch: pytest.MonkeyPatch
) -> None:
    _answers(monkeypatch, "127.0.0.1")
    client = _client(peer, "shop.test", "wrong.test")
    assert client.get(f"https://shop.test:{peer.port}/").status == 200
    assert (peer.seen.hosts, peer.seen.names) == ([f"shop.test:{peer.port}"], ["shop.test"])
    with pytest.raises(RetryableError, match="SSLCertVerificationError"):
        client.post(f"https://wrong.test:{peer.port}/")
    client.close()


def test_certificate_when_signed_by_nobody_known_then_refused(peer: TlsPeer, monkeypatch: pytest.MonkeyPatch) -> None:
    _answers(monkeypatch, "127.0.0.1")
    client = HttpClient("shop", hosts=["*.test"], allowed_private_hosts=["shop.test"])
    with pytest.raises(RetryableError, match="SSLCertVerificationError"):
        client.get(f"https://shop.test:{peer.port}/")
    client.close()


def test_calls_when_repeated_then_share_one_connection_and_one_look_up(
    peer: TlsPeer, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = _answers(monkeypatch, "127.0.0.1")
    client = _client(peer, "shop.test")
    for _ in range(5):
        client.get(f"https://shop.test:{peer.port}/")
    assert (peer.seen.connections, asked) == (1, ["shop.test"])
    client.close()


def test_name_when_it_changes_to_a_private_address_then_never_reached(
    peer: TlsPeer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The answer that is checked is the one that is used: a second look-up cannot slip in between."""
    asked = _answers(monkeypatch, "127.0.0.1")
    client = _client(peer)
    with pytest.raises(ConfigError, match="not public"):
        client.get(f"https://rebind.test:{peer.port}/")
    assert (asked, peer.seen.connections) == (["rebind.test"], 0)
    client.close()


def test_address_when_refused_then_the_next_one_is_tried(peer: TlsPeer, monkeypatch: pytest.MonkeyPatch) -> None:
    found = [
        (socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, peer.port)) for address in ("127.0.0.9", "127.0.0.1")
    ]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: found)
    client = _client(peer, "shop.test")
    assert client.get(f"https://shop.test:{peer.port}/").status == 200
    client.close()
