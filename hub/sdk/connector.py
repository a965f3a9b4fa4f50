"""What a connector is: a manifest, a check, and the capabilities it inherits."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal

from hub.model.kind import Kind
from hub.sdk.account import Account, LocalAccount


@dataclass(frozen=True, slots=True)
class Text:
    """One text in both languages of the console."""

    zh: str
    en: str


@dataclass(frozen=True, slots=True)
class ConfigField:
    """One setting of a connection. A secret one is stored encrypted and may hold several active values.

    `generated`: a secret that the hub may make up (`whsec_…`) and the system is told, not the other way round.
    """

    name: str
    help: Text
    secret: bool = False
    required: bool = False
    default: Any = None
    example: str = ""
    choices: tuple[str, ...] = ()
    pattern: str = ""
    generated: bool = False


OrderUnit = Literal["sequence", "time", "received"]


@dataclass(frozen=True, slots=True)
class Stream:
    """One kind of thing a system lists or sends, in its own word.

    `order` is the one unit that orders versions of this object type: the system's sequence, its
    time of change, or, where it gives nothing, the receive number.

    `notices`: those of its `topics` that tell of a record's change and not what it is now. Their body
    is a JSON object with the record's `id`; nothing is mapped, and the hub reads the record
    (`Reads.fetch_some`), once for all notices that wait.
    """

    name: str
    kinds: tuple[str, ...]
    topics: tuple[str, ...] = ()
    directions: tuple[Literal["in", "out"], ...] = ("in",)
    order: OrderUnit = "time"
    pull: bool = False
    enumerates: bool = False
    help: Text = Text("", "")
    notices: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Manifest:
    """What the hub, the console and the documentation know of a connector without running it.

    `hosts`: patterns of the hosts it may reach, with config fields in braces (`{shop}`).
    `rate`: `{"per_second": 2, "burst": 40, "concurrency": 4}`, the account's budget.
    `pausing_topics`: a verified webhook of one of these says that the account is lost to us (the
    app was uninstalled): the hub stores it, maps nothing and pauses the connection.
    `unmapped_topics`: stored and done without a mapping (privacy requests, notices); a topic that
    is neither here nor in a stream is quarantined.
    """

    name: str
    title: Text
    help: Text
    api_version: str
    sdk: str
    hosts: tuple[str, ...]
    config: tuple[ConfigField, ...]
    streams: tuple[Stream, ...]
    rate: Mapping[str, float] = field(default_factory=dict)
    capabilities: tuple[str, ...] = ()
    pausing_topics: tuple[str, ...] = ()
    unmapped_topics: tuple[str, ...] = ()

    def stream_of_topic(self, topic: str) -> Stream | None:
        """The stream that a topic belongs to; None when no stream lists it."""
        return next((s for s in self.streams if topic in s.topics or topic == s.name), None)

    def stream_of_kind(self, kind: str) -> Stream | None:
        """The stream whose first kind is `kind`: its name is the object type of that kind here."""
        return next((s for s in self.streams if s.kinds and s.kinds[0] == kind), None)

    def with_kinds(self, kinds: Mapping[str, Kind]) -> Manifest:  # noqa: ARG002 -- for those that speak of any kind
        """The manifest where plugins added kinds: itself, unless the connector speaks of every kind there is."""
        return self


@dataclass(frozen=True, slots=True)
class CheckResult:
    """What a live check found. `facts` are shown to the admin (store name, zone, granted scopes)."""

    ok: bool
    message: str
    facts: Mapping[str, str] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class WebhookRequest:
    """A webhook as it came: raw bytes, headers with lower-case names, no parsing done."""

    method: str
    headers: Mapping[str, str]
    query: Mapping[str, str]
    body: bytes
    received_at: float


@dataclass(frozen=True, slots=True)
class RawEvent:
    """One item for the inbox: `body` verbatim (or one item's bytes of a batched delivery).

    `dedupe` is the system's own identity of this delivery or fact; None: the hub hashes topic and
    body. `headers` are kept for people and replay; leave out everything secret.
    """

    topic: str
    body: bytes
    dedupe: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Ignore:
    """Verified, and on purpose not stored (a ping, a topic nobody wants). `reason` is counted."""

    reason: str


@dataclass(frozen=True, slots=True)
class Response:
    """What the caller of a webhook is told, exactly."""

    status: int = 200
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Reply:
    """Answer at once with this response and store nothing (verification by echo)."""

    response: Response


@dataclass(frozen=True, slots=True)
class ReceiveResult:
    """What became of a verified webhook: counts of its items."""

    accepted: int
    duplicates: int


@dataclass(frozen=True, slots=True)
class Page:
    """A page of a stream. `cursor` resumes after it; `last` ends the pass.

    `truncated` says the system cut the listing (a cap, a permission): the pass proves no absence.
    """

    events: Sequence[RawEvent]
    cursor: Any
    last: bool = False
    truncated: str = ""
    read_at: float = 0.0
    total: int | None = None


@dataclass(frozen=True, slots=True)
class Delivery:
    """One write that is due.

    `external_id` None: create. `hub_ref` is stable per target, `idempotency_key` per intended
    content. `data` is the full projection in the system's shape, `changed` the part that differs
    from what the system is known to hold (same shape, top-level keys), `held` what that is: of a
    list, whatever stands in it and not in `data` is to be taken away, and what the system holds
    beside both is somebody else's. `event_type` is `customer.updated` and the like. `delete` asks
    for removal.
    """

    kind: str
    object_type: str
    hub_ref: str
    idempotency_key: str
    external_id: str | None
    data: Mapping[str, Any]
    changed: Mapping[str, Any]
    event_type: str
    delete: bool = False
    held: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class WriteResult:
    """What became of one delivery, in the order they were given.

    `version`: the write's place in the peer's own order (int in the stream's order unit; RFC 3339
    text where the unit is time). `stored`: the record as the peer now holds it, in its own
    shape, when it answers so; else the hub reads it back. `error` set: it did not happen (or
    unknown, by class).
    """

    external_id: str | None = None
    version: int | str | None = None
    stored: Mapping[str, Any] | None = None
    error: Exception | None = None


@dataclass(frozen=True, slots=True)
class Found:
    """A remote record as read: the connector's raw shape, and its version if it has one."""

    external_id: str
    version: int | str | None = None
    data: Mapping[str, Any] | None = None


class Connector(ABC):
    """One configured account. Made per connection and process; must be usable from several threads.

    `config` holds plain settings; `secrets` name -> active values, newest first; `http` is the
    client of `hub.sdk.http`, already limited to the manifest's hosts; `account` is what all
    processes share of the remote account (`hub.sdk.account`).
    """

    manifest: ClassVar[Manifest]

    def __init__(
        self,
        name: str,
        config: Mapping[str, Any],
        secrets: Mapping[str, Sequence[str]],
        http: Any,
        account: Account | None = None,
    ) -> None:
        self.name = name
        self.config = config
        self.secrets = secrets
        self.http = http
        self.account: Account = account or LocalAccount()

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.name}>"

    @abstractmethod
    def check(self) -> CheckResult:
        """A cheap live call that proves credentials and permissions. Errors: `ConnectionPausedError`, `RetryableError`."""

    def classify(self, error: Exception) -> Exception:
        """Turns a library's or vendor's error into one of `hub.errors`; the default returns it unchanged."""
        return error


class Reads(ABC):
    """It can be read."""

    @abstractmethod
    def fetch(self, stream: str, cursor: Any) -> Iterator[Page]:
        """Pages of `stream` after `cursor` (None: from the beginning), oldest change first, with overlap.

        Each page's cursor must resume without loss; repeats are fine.
        """

    def cursor_since(self, stream: str, since: float) -> Any:
        """The cursor that reads what changed at or after `since` (seconds since the epoch).

        `NotImplementedError` where the stream cannot be asked by time.
        """
        raise NotImplementedError(stream)

    def fetch_some(self, stream: str, ids: Sequence[str]) -> Iterator[Page]:
        """The records of `ids` as they are now, as `fetch` would give them; one that is gone is left out.

        Pages here need no cursor. `NotImplementedError` where the stream has no notices.
        """
        raise NotImplementedError(stream)

    def enumerate_ids(self, stream: str) -> Iterator[str]:
        """Every external id that exists now; raises `NotImplementedError` where the system cannot."""
        raise NotImplementedError(stream)


class ReceivesWebhooks(ABC):
    """It sends webhooks."""

    @abstractmethod
    def verify(self, request: WebhookRequest) -> int:
        """Checks the signature on the raw bytes against every active secret, in constant time.

        Returns which secret fitted (1 = newest). Raises `WebhookError(401)` otherwise.
        """

    @abstractmethod
    def decode(self, request: WebhookRequest) -> Sequence[RawEvent] | Ignore | Reply:
        """Splits a verified delivery into items. Must not fail on odd content: pass the bytes on."""

    def acknowledge(self, result: ReceiveResult) -> Response:  # noqa: ARG002
        """What this system wants to hear after the commit."""
        return Response(200)

    def subscriptions(self) -> Sequence[Mapping[str, str]]:
        """What the system says it will send us: `{"topic", "address", "state"}`, and `expires_at` (RFC 3339) where it ends.

        `state` is `active`, `expired` or the system's own word for what does not work. Called again and
        again; `subscribe` follows when one is missing, goes elsewhere, is not active or ends soon.
        """
        return ()

    def subscribe(self) -> None:  # noqa: B027 -- doing nothing is a right answer
        """Makes missing subscriptions for `self.account.webhook_url` and renews those that end soon. Safe to repeat."""


class Writes(ABC):
    """It can be written."""

    batch_size: ClassVar[int] = 1

    @abstractmethod
    def write(self, deliveries: Sequence[Delivery]) -> Sequence[WriteResult]:
        """Carries out up to `batch_size` deliveries; one result each, same order. Idempotent by key where the system can."""

    def read(self, kind: str, external_id: str) -> Found | None:
        """The record as the system holds it now; None when it is gone. `NotImplementedError` when it cannot be read."""
        raise NotImplementedError(kind)

    def find(self, kind: str, hub_ref: str, keys: Mapping[str, Any]) -> Found | None:
        """A record created under `hub_ref`, or carrying one of `keys`. `NotImplementedError` when it cannot be searched."""
        raise NotImplementedError(kind)

    def merge(self, kind: str, kept: str, gone: Sequence[str]) -> WriteResult:
        """Makes remote records one, as the system's own merge does; safe to repeat.

        `NotImplementedError` where the system cannot: the hub then keeps both records with the same content.
        """
        raise NotImplementedError(kind)

    def erase(self, kind: str, external_id: str) -> None:
        """Removes a person's data there for good; safe to repeat. `NotImplementedError` where the system cannot."""
        raise NotImplementedError(kind)
