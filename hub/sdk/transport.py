"""Connections that go to the address that was checked and end at a deadline, with keep-alive.

The host name stays the key of the pool, the `Host` header, the SNI name and the name the
certificate is checked against; only the address under it is chosen here, once per connection, so
a second DNS answer cannot redirect a call.
"""

from __future__ import annotations

import socket
import ssl
import time
from contextvars import ContextVar
from dataclasses import dataclass
from functools import partial
from typing import Any

import certifi
from requests.adapters import HTTPAdapter
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool, PoolManager
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import ConnectTimeoutError, NewConnectionError

from hub.sdk.address import AddressGuard


@dataclass(slots=True)
class CallState:
    """One call in this thread: when it must be over (monotonic seconds), and whether a byte has left."""

    deadline: float
    sent: bool = False

    def left_s(self) -> float:
        """Seconds left; raises `TimeoutError` when there are none."""
        left = self.deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError("the call's total deadline has passed")
        return left


current_call: ContextVar[CallState | None] = ContextVar("current_call", default=None)


class _Deadlined:
    """A socket mixin: a peer that dribbles cannot stretch a call, and we know whether anything was sent."""

    def recv_into(self, *args: Any, **kwargs: Any) -> int:
        self._limit()
        return super().recv_into(*args, **kwargs)  # type: ignore[misc, no-any-return]

    def sendall(self, *args: Any, **kwargs: Any) -> None:
        state = self._limit()
        if state is not None:
            state.sent = True
        super().sendall(*args, **kwargs)  # type: ignore[misc]

    def _limit(self) -> CallState | None:
        state = current_call.get()
        if state is not None:
            left_s, timeout_s = state.left_s(), self.gettimeout()  # type: ignore[attr-defined]
            if timeout_s is None or left_s < timeout_s:
                self.settimeout(left_s)  # type: ignore[attr-defined]
        return state


class _PlainSocket(_Deadlined, socket.socket):
    pass


class _TlsSocket(_Deadlined, ssl.SSLSocket):
    pass


class _GuardedHTTPConnection(HTTPConnection):
    guard: AddressGuard
    secure = False

    def _new_conn(self) -> socket.socket:
        return _connect(self, self.guard, secure=self.secure)


class _GuardedHTTPSConnection(HTTPSConnection):
    guard: AddressGuard
    secure = True

    def _new_conn(self) -> socket.socket:
        return _connect(self, self.guard, secure=self.secure)


def _connect(connection: HTTPConnection, guard: AddressGuard, *, secure: bool) -> socket.socket:
    timeout = connection.timeout if isinstance(connection.timeout, (int, float)) else None
    failure: OSError = OSError("no address")
    for family, address in guard.resolve(connection.host, connection.port, secure=secure):
        sock = _PlainSocket(family, socket.SOCK_STREAM)
        try:
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            state = current_call.get()
            limits = [limit for limit in (timeout, state.left_s() if state else None) if limit is not None]
            sock.settimeout(min(limits) if limits else None)
            sock.connect(address)
        except OSError as error:
            sock.close()
            failure = error
        else:
            return sock
    if isinstance(failure, TimeoutError):
        raise ConnectTimeoutError(connection, "connecting took too long") from failure
    raise NewConnectionError(connection, type(failure).__name__) from failure


class _GuardedManager(PoolManager):
    """Pools by host, port and scheme; every connection they make is guarded."""

    def __init__(self, guard: AddressGuard, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        plain = type("GuardedHTTPConnection", (_GuardedHTTPConnection,), {"guard": guard})
        tls = type("GuardedHTTPSConnection", (_GuardedHTTPSConnection,), {"guard": guard})
        self.pool_classes_by_scheme = {
            "http": type("GuardedHTTPPool", (HTTPConnectionPool,), {"ConnectionCls": plain}),
            "https": type("GuardedHTTPSPool", (HTTPSConnectionPool,), {"ConnectionCls": tls}),
        }


class GuardedAdapter(HTTPAdapter):
    """The requests adapter over guarded pools. `ca_file` adds to nothing: it replaces the public roots."""

    def __init__(self, guard: AddressGuard, *, pool_size: int, ca_file: str | None = None) -> None:
        context = ssl.create_default_context(cafile=ca_file or certifi.where())
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.sslsocket_class = _TlsSocket
        self._manager = partial(_GuardedManager, guard, ssl_context=context)
        super().__init__(pool_connections=8, pool_maxsize=pool_size, max_retries=0)

    def init_poolmanager(self, connections: int, maxsize: int, block: bool = False, **kwargs: Any) -> None:
        self.poolmanager = self._manager(num_pools=connections, maxsize=maxsize, block=block, **kwargs)

    def cert_verify(self, conn: Any, url: Any, verify: Any, cert: Any) -> None:  # noqa: ARG002
        # The context above holds the roots already; loading them again cost 20 ms per connection.
        conn.cert_reqs = "CERT_REQUIRED"
        conn.ca_certs = conn.ca_cert_dir = None
