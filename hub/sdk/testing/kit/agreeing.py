"""What a connector has to show together with its mappings: what goes out comes back as the same, and ends there."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import pytest

from hub.model.observation import Draft
from hub.sdk.connector import Connector, Delivery, Found, RawEvent, Reads, ReceivesWebhooks, WriteResult, Writes
from hub.sdk.testing.kit.harness import ConnectorHarness
from hub.sdk.testing.kit.mailbox import Mailbox
from hub.sdk.testing.kit.mapper import Mapper, Shown
from hub.sdk.testing.simulator import Simulator

_IDLE_S = 10.0
_STRANGE = {"x_kit_unknown": {"a": [1, None, "ü"]}, "x_kit_other": "text"}


class Agreeing:
    """Mixed into every suite; tests that need mappings are skipped without a mapper."""

    def test_samples_when_mapped_then_give_records_of_their_stream(self, harness: ConnectorHarness) -> None:
        found = [(event, harness.drafts(event)) for event in _mapped_samples(harness)]
        for event, drafts in found:
            stream = harness.connector.manifest.stream_of_topic(event.topic)
            kinds = set(stream.kinds) if stream else set()
            assert {draft.kind for draft in drafts} <= kinds, f"{event.topic} gives a kind that its stream lacks"
            assert all(draft.external_id for draft in drafts), f"{event.topic} gives a record without an id"
        assert any(drafts for _, drafts in found), "no sample gives a record"

    def test_samples_when_they_have_unknown_fields_then_map_to_the_same(self, harness: ConnectorHarness) -> None:
        for event in _mapped_samples(harness):
            strange = RawEvent(event.topic, json.dumps(_with_strange_fields(json.loads(event.body))).encode())
            assert _said(harness.drafts(strange)) == _said(harness.drafts(event)), f"{event.topic} differs"

    def test_sample_when_written_and_read_back_then_says_the_same(
        self, harness: ConnectorHarness, connector: Any
    ) -> None:
        draft, shown = _outgoing(harness)
        delivery = _delivery(harness, draft, shown)
        held = _read_back(connector, delivery, _written(connector, delivery))
        event = RawEvent(delivery.object_type, json.dumps(held).encode())
        _require_nothing_new(harness, shown, [one for one in harness.drafts(event) if one.kind == draft.kind])

    def test_write_when_the_system_tells_of_it_then_nothing_is_new(
        self, harness: ConnectorHarness, simulator: Simulator, mailbox: Mailbox
    ) -> None:
        draft, shown = _outgoing(harness)
        with _listening(harness, simulator, mailbox) as connector:
            result = _written(connector, _delivery(harness, draft, shown))
            events = _told(connector, simulator, mailbox) or list(_listed(harness, connector))
            told = [one for event in events for one in harness.drafts(event) if one.external_id == result.external_id]
        if not told:
            pytest.skip("the simulator tells nothing of what the hub wrote, and there is nothing to read")
        _require_nothing_new(harness, shown, [one for one in told if one.kind == draft.kind])

    def test_record_when_deleted_at_the_system_then_is_seen(
        self, harness: ConnectorHarness, simulator: Simulator, mailbox: Mailbox
    ) -> None:
        with _listening(harness, simulator, mailbox) as connector:
            stream, external_id = _present(harness, simulator, connector)
            list(_listed(harness, connector, stream))
            _told(connector, simulator, mailbox)
            try:
                harness.remove(simulator, external_id)
            except NotImplementedError:
                pytest.skip("the harness removes nothing")
            events = _told(connector, simulator, mailbox) or list(_listed(harness, connector, stream))
            assert _is_told_gone(harness, events, external_id) or _is_unlisted(connector, stream, external_id), (
                "no webhook, no page and no list of ids says that it is gone"
            )

    def test_subscriptions_when_lost_then_are_restored_once(
        self, harness: ConnectorHarness, simulator: Simulator, mailbox: Mailbox
    ) -> None:
        if not _subscribes(harness):
            pytest.skip("this connector's webhooks are set up at the system by hand")
        with _listening(harness, simulator, mailbox) as connector:
            before = _active(connector, mailbox)
            assert before, "nothing is active after subscribing"
            try:
                harness.lose_subscriptions(simulator)
            except NotImplementedError:
                pytest.skip("the harness loses no subscription")
            assert _active(connector, mailbox) != before, "the loss is not seen"
            connector.subscribe()
            connector.subscribe()
            assert _active(connector, mailbox) == before


@contextmanager
def _listening(harness: ConnectorHarness, simulator: Simulator, mailbox: Mailbox) -> Iterator[Any]:
    """The connector, subscribed to the mailbox."""
    harness.listen(simulator, mailbox.address)
    connector: Any = harness.connect(simulator, address=mailbox.address)
    if isinstance(connector, ReceivesWebhooks):
        connector.subscribe()
    yield connector
    connector.http.close()


def _mapper(harness: ConnectorHarness) -> Mapper:
    if harness.mapper is None:
        pytest.skip("no mappings were handed in")
    return harness.mapper


def _mapped_samples(harness: ConnectorHarness) -> list[RawEvent]:
    """The samples that are mapped as they came: all but notices, whose records are read."""
    _mapper(harness)
    manifest, found = harness.connector.manifest, []
    for event in harness.samples():
        stream = manifest.stream_of_topic(event.topic)
        if stream is None or event.topic not in stream.notices:
            found.append(event)
    if not found:
        pytest.skip("the harness has no sample that is mapped as it comes")
    return found


def _outgoing(harness: ConnectorHarness) -> tuple[Draft, Shown]:
    """The first sample of a kind that flows out."""
    if not issubclass(harness.connector, Writes):
        pytest.skip("this connector does not write")
    mapper = _mapper(harness)
    for event in _mapped_samples(harness):
        for draft in harness.drafts(event):
            if not draft.deleted and mapper.shows(draft.kind):
                return draft, mapper.shown(draft)
    pytest.skip("no sample is of a kind that flows out")


def _delivery(harness: ConnectorHarness, draft: Draft, shown: Shown) -> Delivery:
    stream = harness.connector.manifest.stream_of_kind(draft.kind)
    object_type = stream.name if stream else draft.object_type
    data, event = dict(shown.data), f"{draft.kind}.created"
    return Delivery(draft.kind, object_type, "dlv_round_trip", "key-round-trip", None, data, data, event)


def _written(connector: Any, delivery: Delivery) -> WriteResult:
    result: WriteResult = connector.write([delivery])[0]
    assert result.error is None, repr(result.error)
    assert result.external_id, "a write that worked gives the record's id"
    return result


def _read_back(connector: Any, delivery: Delivery, result: WriteResult) -> Any:
    """The record as the system holds it: told by the write, else read, else found."""
    if result.stored is not None:
        return result.stored
    found: Found | None = None
    try:
        found = connector.read(delivery.kind, result.external_id)
    except NotImplementedError:
        try:
            found = connector.find(delivery.kind, delivery.hub_ref, {})
        except NotImplementedError:
            pytest.skip("what was written cannot be read back")
    assert found is not None, "the record that was just written is not there"
    if found.data is None:
        pytest.skip("what was written cannot be read back")
    return found.data


def _told(connector: Any, simulator: Simulator, mailbox: Mailbox) -> list[RawEvent]:
    """The events of the webhooks that came; of a notice, the record as it is read."""
    assert simulator.sender.wait_idle(_IDLE_S), "the simulator's webhooks were not delivered"
    found: list[RawEvent] = []
    for request in mailbox.take():
        assert connector.verify(request) == 1, "the simulator's own webhook is refused"
        for event in connector.decode(request):
            found += _read_notice(connector, event)
    return found


def _read_notice(connector: Any, event: RawEvent) -> list[RawEvent]:
    stream = connector.manifest.stream_of_topic(event.topic)
    if stream is None or event.topic not in stream.notices:
        return [event]
    external_id = json.loads(event.body)["id"]
    return [found for page in connector.fetch_some(stream.name, [external_id]) for found in page.events]


def _listed(harness: ConnectorHarness, connector: Connector, stream: str = "") -> Iterator[RawEvent]:
    """Everything that reading gives, of one stream or of all."""
    if isinstance(connector, Reads):
        names = [one.name for one in harness.connector.manifest.streams if one.pull and stream in ("", one.name)]
        for name in names:
            for page in connector.fetch(name, None):
                yield from page.events


def _require_nothing_new(harness: ConnectorHarness, shown: Shown, drafts: Sequence[Draft]) -> None:
    assert drafts, "the record is not told of in a form that the mapping understands"
    for draft in drafts:
        assert not draft.deleted, "the record is told to be gone"
        news = _mapper(harness).news(shown.kept, draft)
        assert not news, f"these fields come back as something else, so hub and system would never rest: {news}"


def _present(harness: ConnectorHarness, simulator: Simulator, connector: Any) -> tuple[str, str]:
    """(stream, external id) of a record that the system has: written, or entered there."""
    if isinstance(connector, Writes):
        delivery = harness.delivery(1)
        return delivery.object_type, str(_written(connector, delivery).external_id)
    stream = next(stream.name for stream in connector.manifest.streams if stream.pull)
    return stream, harness.seed(simulator, stream, 1)[0]


def _is_told_gone(harness: ConnectorHarness, events: Sequence[RawEvent], external_id: str) -> bool:
    if harness.mapper is None:
        return False
    drafts = [draft for event in events for draft in harness.drafts(event)]
    return any(draft.deleted and draft.external_id == external_id for draft in drafts)


def _is_unlisted(connector: Any, stream: str, external_id: str) -> bool:
    try:
        return isinstance(connector, Reads) and external_id not in list(connector.enumerate_ids(stream))
    except NotImplementedError:
        return False


def _subscribes(harness: ConnectorHarness) -> bool:
    return (
        issubclass(harness.connector, ReceivesWebhooks)
        and harness.connector.subscriptions is not ReceivesWebhooks.subscriptions
    )


def _active(connector: Any, mailbox: Mailbox) -> list[str]:
    found = [one["topic"] for one in connector.subscriptions() if _is_ours(one, mailbox)]
    assert len(found) == len(set(found)), "a topic is subscribed to twice"
    return sorted(found)


def _is_ours(one: Any, mailbox: Mailbox) -> bool:
    return bool(one["state"] == "active" and one["address"] == mailbox.address)


def _with_strange_fields(value: Any) -> Any:
    if isinstance(value, dict):
        return {**{name: _with_strange_fields(one) for name, one in value.items()}, **_STRANGE}
    if isinstance(value, list):
        return [_with_strange_fields(one) for one in value]
    return value


def _said(drafts: Sequence[Draft]) -> list[tuple[Any, ...]]:
    return [(one.kind, one.external_id, one.asserted, one.major, one.deleted, one.references) for one in drafts]
