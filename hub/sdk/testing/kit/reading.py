"""What a connector that reads has to show: no page lost, none repeated, whatever happens in between."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest

from hub.sdk.connector import RawEvent
from hub.sdk.testing.kit.harness import ConnectorHarness
from hub.sdk.testing.simulator import Simulator

BAD = '{"a":NaN,"a":"\\ud83d","b":%s}' % ("[" * 400 + "]" * 400)
"""What no strict reader takes: a key that stands twice, NaN, half of a surrogate pair, and far too many levels."""
TELLING = re.compile(r"://|\d{4}-\d\d-\d\dT")


class Reading:
    """Mixed in for `Reads`. Every pulled stream is tried."""

    def test_pages_when_read_through_then_every_record_once(
        self, harness: ConnectorHarness, simulator: Simulator, connector: Any, stream: str
    ) -> None:
        ids = sorted(harness.seed(simulator, stream, 7))
        assert sorted(_ids(harness, stream, list(connector.fetch(stream, None)))) == ids

    def test_last_page_when_reached_then_says_so(
        self, harness: ConnectorHarness, simulator: Simulator, connector: Any, stream: str
    ) -> None:
        harness.seed(simulator, stream, 7)
        pages = list(connector.fetch(stream, None))
        assert [page.last for page in pages] == [False] * (len(pages) - 1) + [True]
        assert not any(page.truncated for page in pages)

    def test_cursor_when_resumed_after_any_page_then_nothing_is_lost(
        self, harness: ConnectorHarness, simulator: Simulator, connector: Any, stream: str
    ) -> None:
        ids = set(harness.seed(simulator, stream, 7))
        pages = list(connector.fetch(stream, None))
        for cut in range(1, len(pages) + 1):
            before = pages[:cut]
            after = list(connector.fetch(stream, before[-1].cursor))
            assert set(_ids(harness, stream, before + after)) == ids, f"lost after page {cut}"

    def test_records_when_added_while_paging_then_are_found_by_the_next_pass(
        self, harness: ConnectorHarness, simulator: Simulator, connector: Any, stream: str
    ) -> None:
        ids = set(harness.seed(simulator, stream, 7))
        reading = connector.fetch(stream, None)
        pages = [next(reading)]
        ids |= set(harness.seed(simulator, stream, 3))
        pages += list(reading)
        pages += list(connector.fetch(stream, pages[-1].cursor))
        assert set(_ids(harness, stream, pages)) == ids

    def test_records_when_they_share_one_time_then_none_is_lost_between_pages(
        self, harness: ConnectorHarness, simulator: Simulator, connector: Any, stream: str
    ) -> None:
        ids = set(harness.seed_at_once(simulator, stream, 7))
        pages = list(connector.fetch(stream, None))
        events = [event for page in pages for event in page.events]
        if harness.mapper is not None:
            times = [draft.major for event in events for draft in harness.drafts(event) if draft.external_id in ids]
            most = max((times.count(one) for one in set(times) if one is not None), default=0)
            if most <= max(len(page.events) for page in pages):
                pytest.skip("the harness cannot make more records of one time than fit on a page")
        assert set(_ids(harness, stream, pages)) == ids
        for cut in range(1, len(pages) + 1):
            after = list(connector.fetch(stream, pages[cut - 1].cursor))
            assert set(_ids(harness, stream, pages[:cut] + after)) == ids, f"lost after page {cut}"

    def test_item_when_bad_then_given_as_it_came_and_the_others_as_they_are(
        self, harness: ConnectorHarness, simulator: Simulator, connector: Any, stream: str
    ) -> None:
        harness.seed(simulator, stream, 7)
        before = [event for page in connector.fetch(stream, None) for event in page.events]
        text = _text_of_one(harness, stream, before)
        simulator.switches.set(spoil=[[text, BAD]] if text else [])
        pages = list(connector.fetch(stream, None))
        after = [event for page in pages for event in page.events]
        assert pages[-1].last
        assert len(after) == len(before), "an item was left out or taken apart"
        bad = [event.body for event in after if event.body not in {each.body for each in before}]
        if not bad:
            pytest.skip("no text of one item alone stands in this system's answers as JSON")
        assert len(bad) == 1
        assert BAD.encode() in bad[0], "write items with `item_body`, and do not copy what was read"

    def test_cursor_when_stored_then_survives_json(
        self, harness: ConnectorHarness, simulator: Simulator, connector: Any, stream: str
    ) -> None:
        harness.seed(simulator, stream, 3)
        cursor = list(connector.fetch(stream, None))[-1].cursor
        assert json.loads(json.dumps(cursor)) == cursor

    def test_ids_when_enumerated_then_are_all(
        self, harness: ConnectorHarness, simulator: Simulator, connector: Any, stream: str
    ) -> None:
        ids = sorted(harness.seed(simulator, stream, 7))
        try:
            found = list(connector.enumerate_ids(stream))
        except NotImplementedError:
            pytest.skip("this system cannot enumerate ids")
        assert sorted(found) == ids


def _text_of_one(harness: ConnectorHarness, stream: str, events: list[RawEvent]) -> str:
    """A text that one item alone holds and nothing is told by: no id, time or address; empty when there is none."""
    whole = b"\n".join(event.body for event in events)
    for event in reversed(events):
        own = harness.external_id(stream, event)
        for text in _texts(json.loads(event.body)):
            is_telling = own in text or TELLING.search(text) or text.isdecimal()
            if not is_telling and whole.count(json.dumps(text, ensure_ascii=False).encode()) == 1:
                return text
    return ""


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, (list, dict)):
        for part in value.values() if isinstance(value, dict) else value:
            yield from _texts(part)


def _ids(harness: ConnectorHarness, stream: str, pages: list[Any]) -> list[str]:
    return [harness.external_id(stream, event) for page in pages for event in page.events]
