"""What the kit must be told of one connector: how to set it up against its simulator."""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from hub.model.observation import Draft
from hub.sdk.account import LocalAccount
from hub.sdk.connector import Connector, Delivery, Ignore, RawEvent, Reads, Reply, WebhookRequest, Writes
from hub.sdk.http import HttpClient, Timeouts
from hub.sdk.testing.kit.mapper import Mapper
from hub.sdk.testing.simulator import Simulator


class ConnectorHarness(ABC):
    """One connector under test. Implement what its capabilities need; the kit tests only those.

    `topic` and `sample` are one ordinary webhook of the system. `stale_after_s`: how old a signed
    webhook may be, None where the scheme signs no time. `connection` is the name errors must carry.
    `signs_body`: False where a webhook is proven by a key in its address or a token in its body alone,
    so that nobody can tell whether its body was changed. `recognises_repeats`: False where a write
    under the same key takes effect again on the same record (an upsert). `mapper`: the connector's
    mapping files, handed in by whoever runs the suite.
    """

    connector: ClassVar[type[Connector]]
    connection: ClassVar[str] = "under-test"
    topic: ClassVar[str] = ""
    sample: ClassVar[bytes] = b"{}"
    stale_after_s: ClassVar[float | None] = None
    webhook_secret_field: ClassVar[str] = "secret"  # noqa: S105 -- the name of a field
    signs_body: ClassVar[bool] = True
    recognises_repeats: ClassVar[bool] = True
    timeouts: ClassVar[Timeouts] = Timeouts(connect_s=1.0, read_s=0.6, total_s=1.0)

    def __init__(self, mapper: Mapper | None = None) -> None:
        self.mapper = mapper

    @abstractmethod
    def simulator(self) -> Simulator:
        """A fresh simulator, not started."""

    @abstractmethod
    def config(self, simulator: Any) -> Mapping[str, Any]:
        """The connection's settings that reach the (started) simulator."""

    @abstractmethod
    def secrets(self, simulator: Any) -> Mapping[str, Sequence[str]]:
        """The right secrets, by name, newest first."""

    def bad_secrets(self, simulator: Any) -> Mapping[str, Sequence[str]] | None:  # noqa: ARG002
        """Well-formed secrets that the simulator must refuse; None when `check` cannot prove credentials."""
        return None

    def webhook(self, body: bytes, secret: str, *, at: float) -> WebhookRequest:
        """A request with `body`, signed with `secret` at `at` (seconds since the epoch), received now."""
        raise NotImplementedError

    def webhook_secrets(self) -> tuple[str, str]:
        """Two well-formed secrets, new and old, for the signature tests; of the field `webhook_secret_field`."""
        raise NotImplementedError

    def seed(self, simulator: Any, stream: str, count: int) -> Sequence[str]:
        """Puts `count` more records into a stream, several of them with one and the same time; their external ids."""
        raise NotImplementedError

    def seed_at_once(self, simulator: Any, stream: str, count: int) -> Sequence[str]:
        """The same with one and the same time for all; by default `seed`, for systems whose times are coarse."""
        return self.seed(simulator, stream, count)

    def remove(self, simulator: Any, external_id: str) -> None:
        """Deletes a record as somebody who works in the system would."""
        raise NotImplementedError

    def listen(self, simulator: Any, address: str) -> None:
        """Makes the simulator send its webhooks to `address`, those of what the hub wrote too."""
        simulator.sender.url = address

    def lose_subscriptions(self, simulator: Any) -> None:
        """Lets the system forget one webhook subscription or all of them."""
        raise NotImplementedError

    def external_id(self, stream: str, event: RawEvent) -> str:
        """The external id that an event of `fetch` is about."""
        raise NotImplementedError

    def delivery(self, number: int, external_id: str | None = None) -> Delivery:
        """The `number`-th delivery: the same number is the same target, content and key."""
        raise NotImplementedError

    def remote_count(self, simulator: Any) -> int:
        """How many records the simulated system holds."""
        raise NotImplementedError

    def fail_one(self, simulator: Any) -> None:
        """Lets one record of the next batch fail; for connectors that write many in one call, override it."""
        simulator.switches.set(burst_500=1)

    def samples(self) -> Sequence[RawEvent]:
        """Payloads that the mappings are tried with; by default the items of `sample`. Add one for each topic."""
        if not self.topic:
            return ()
        items = self.receiver(self.webhook_secrets()).decode(self.fresh_webhook())
        return () if isinstance(items, (Ignore, Reply)) else items

    def drafts(self, event: RawEvent) -> Sequence[Draft]:
        """What the connector's mapping makes of an event. `NotImplementedError` when no mappings were handed in."""
        if self.mapper is None:
            raise NotImplementedError
        return self.mapper.drafts(self.connection, event)

    def call(self, connector: Connector) -> None:
        """One ordinary call to the system that raises what went wrong; used with every fault."""
        if isinstance(connector, Writes):
            error = connector.write([self.delivery(1)])[0].error
            if error is not None:
                raise error
        elif isinstance(connector, Reads):
            stream = next(stream for stream in connector.manifest.streams if stream.pull)
            for _ in connector.fetch(stream.name, None):
                return
        else:
            connector.check()

    def connect(
        self, simulator: Simulator, secrets: Mapping[str, Sequence[str]] | None = None, *, address: str = ""
    ) -> Connector:
        """The connector as the hub makes it, allowed to reach loopback, with short timeouts.

        `address`: where its webhooks arrive (`account.webhook_url`).
        """
        config = self.config(simulator)
        manifest = self.connector.manifest
        http = HttpClient.for_connection(manifest, self.connection, config, ["127.0.0.0/8"], timeouts=self.timeouts)
        held = self.secrets(simulator) if secrets is None else secrets
        return self.connector(self.connection, config, held, http, LocalAccount(address))

    def receiver(self, secrets: Sequence[str]) -> Any:
        """The connector with these webhook secrets, for checks that call nobody."""
        held = {self.webhook_secret_field: list(secrets)}
        return self.connector(self.connection, {}, held, None)

    def fresh_webhook(self, body: bytes | None = None, secret: str | None = None) -> WebhookRequest:
        """A good webhook of this moment."""
        return self.webhook(self.sample if body is None else body, secret or self.webhook_secrets()[0], at=time.time())
