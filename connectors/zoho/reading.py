"""Reading contacts: windows by time of change, what was deleted, single records, all ids.

A pass lists by `Modified_Time`, oldest first. After each page it starts a new window at the last
second of that page instead of turning to page 2: a contact that is changed meanwhile leaves its place,
and with page numbers the one that moves up into it would be skipped. Only where a whole page lies
within one second is Zoho's `page_token` followed. (Page numbers end at 2,000 rows anyway.)
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any

from connectors.zoho.client import Client, Reply
from connectors.zoho.fields import shown
from connectors.zoho.manifest import DELETED, PULLED
from hub.errors import RejectedError, RetryableError
from hub.sdk import TOO_LARGE, Page, RawEvent, item_body

OVERLAP = timedelta(minutes=2)
SECOND = timedelta(seconds=1)
MOST_ROWS = 200
MOST_IDS = 100
MOST_SEEN = 2000
MOST_TURNS = 200
MOST_PAGES_OF_DELETED = 10
DELETED_CUT = "Zoho lists 2,000 deleted records only; older deletions are found by the next full pass"

_TEXTS = ("since", "token", "high", "gone", "began")


@dataclass(slots=True)
class Place:
    """Where a pass stands; its `as_cursor` is plain JSON.

    `since`: the window's start, exclusive or not as Zoho likes; `token`: Zoho's place in it;
    `turns`: how many place marks it followed in this window; `seen`: id -> time of what the pass
    already gave and a new window may repeat; `high`: newest time of change; `gone`: newest time of
    deletion; `began`: Zoho's clock when the pass began; `is_refused`: a place mark was, in this window.
    """

    since: str | None = None
    token: str | None = None
    seen: dict[str, str] = field(default_factory=dict)
    high: str | None = None
    gone: str | None = None
    began: str | None = None
    turns: int = 0
    is_refused: bool = False

    @classmethod
    def of(cls, cursor: Any) -> Place:
        """The place that a cursor names; the beginning for anything else."""
        if not isinstance(cursor, Mapping):
            return cls()
        given = {name: str(cursor[name]) for name in _TEXTS if cursor.get(name)}
        seen = cursor.get("seen")
        place = cls(turns=int(cursor.get("turns") or 0), seen=dict(seen) if isinstance(seen, Mapping) else {})
        for name, text in given.items():
            setattr(place, name, text)
        return place

    @property
    def as_cursor(self) -> dict[str, Any]:
        """The cursor that resumes here."""
        found: dict[str, Any] = {name: value for name in _TEXTS if (value := getattr(self, name))}
        return found | ({"seen": dict(self.seen)} if self.seen else {}) | ({"turns": self.turns} if self.turns else {})

    def take(self, rows: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
        """The rows that the pass has not given yet, and notes them."""
        fresh = [row for row in rows if self.seen.get(str(row.get("id"))) != row.get("Modified_Time")]
        for row in fresh:
            self.seen[str(row.get("id"))] = str(row.get("Modified_Time"))
        times = [str(row["Modified_Time"]) for row in rows if row.get("Modified_Time")]
        self.high = max([*times, *([self.high] if self.high else [])], key=moment, default=None)
        return fresh

    def move(self, rows: Sequence[Mapping[str, Any]], token: str | None) -> None:
        """Goes behind a page: to a new window where the times went on, else to Zoho's next page."""
        first, last = (moment(str(rows[place].get("Modified_Time") or "")) for place in (0, -1))
        start = last - SECOND
        advances = self.since is None or start > moment(self.since)
        # A window that began here would only repeat this page; but place marks reach 100,000 rows, no further.
        repeats = first > start and self.turns < MOST_TURNS
        if token and (repeats or not advances):
            self.token, self.turns = token, self.turns + 1
            return
        if not advances:
            raise RetryableError("Zoho's listing cannot go on: a page within one second names no next page")
        self.since, self.token, self.turns, self.is_refused = instant(start), None, 0, False
        kept = [(key, at) for key, at in self.seen.items() if moment(at) >= start]
        self.seen = dict(kept[-MOST_SEEN:])

    def next_pass(self) -> Place:
        """The beginning of the next pass: two minutes before the newest change seen."""
        since = instant(moment(self.high) - OVERLAP) if self.high else self.since
        return Place(since=since, high=self.high, gone=self.gone)


def fetch(client: Client, module: str, names: Sequence[str], cursor: Any, page_size: int) -> Iterator[Page]:
    """Pages of contacts by time of change, oldest first, and as the last page what was deleted meanwhile."""
    place = Place.of(cursor)
    more = True
    while more:
        read_at = time.time()
        reply, page_size = _fitting(client, module, names, place, page_size)
        if place.began is None:
            # A hub whose own clock is ahead would miss deletions.
            place.began = instant(server_time(reply))
        rows = reply.rows()
        fresh = place.take(rows)
        more = bool(reply.info.get("more_records")) and bool(rows)
        if more:
            place.move(rows, reply.info.get("next_page_token"))
        events = [RawEvent(PULLED, item_body(row)) for row in fresh]
        yield Page(events, place.as_cursor, read_at=read_at)
    yield from _deleted(client, module, place)


def fetch_some(client: Client, module: str, names: Sequence[str], ids: Sequence[str]) -> Iterator[Page]:
    """The contacts of `ids` as they are now; one that is gone is left out (the deletions tell)."""
    for start in range(0, len(ids), MOST_IDS):
        read_at = time.time()
        part = ids[start : start + MOST_IDS]
        rows = client.get(f"/{module}", {"ids": ",".join(part), "fields": shown(names)}).rows()
        yield Page(
            [RawEvent(PULLED, item_body(row)) for row in rows],
            None,
            last=start + MOST_IDS >= len(ids),
            read_at=read_at,
        )


def enumerate_ids(client: Client, module: str) -> Iterator[str]:
    """Every id that exists now, some perhaps twice: those changed while it lasts."""
    place, more = Place(), True
    while more:
        reply = _page(client, module, ("Modified_Time",), place, MOST_ROWS)
        rows = reply.rows()
        yield from (str(row["id"]) for row in place.take(rows) if row.get("id"))
        more = bool(reply.info.get("more_records")) and bool(rows)
        if more:
            place.move(rows, reply.info.get("next_page_token"))


def moment(text: str | None) -> datetime:
    """A time of Zoho's (whole seconds, with the org's offset); the distant past for anything else."""
    try:
        found = datetime.fromisoformat(text or "")
    except ValueError:
        return datetime(1970, 1, 1, tzinfo=UTC)
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def instant(when: datetime) -> str:
    """A time as Zoho takes it in `If-Modified-Since`: whole seconds, with an offset."""
    return when.astimezone(UTC).isoformat(timespec="seconds")


def _fitting(client: Client, module: str, names: Sequence[str], place: Place, page_size: int) -> tuple[Reply, int]:
    """A page, of half as many rows as long as it is too large to be taken, and how many it asked for."""
    while True:
        try:
            return _page(client, module, names, place, page_size), page_size
        except RejectedError as error:
            if error.code != TOO_LARGE or page_size == 1:
                raise
            page_size //= 2


def _page(client: Client, module: str, names: Sequence[str], place: Place, page_size: int) -> Reply:
    params = {
        "fields": shown(names),
        "per_page": str(page_size),
        "sort_by": "Modified_Time",
        "sort_order": "asc",
    }
    headers = {"If-Modified-Since": place.since} if place.since else {}
    if place.token:
        try:
            return client.get(f"/{module}", {**params, "page_token": place.token}, headers, lane="bulk")
        except RejectedError as error:
            if place.is_refused or error.code == TOO_LARGE:
                raise
            # Place marks live for a day: the window is read from its start again, which repeats and loses nothing.
            place.token, place.turns, place.is_refused = None, 0, True
    return client.get(f"/{module}", params, headers, lane="bulk")


def _deleted(client: Client, module: str, place: Place) -> Iterator[Page]:
    """What was deleted since the last pass, as the last page. One that never was read began with the pass."""
    first = min(moment(place.began), moment(place.high or place.began))
    since = moment(place.gone) if place.gone else first
    headers = {"If-Modified-Since": instant(since - OVERLAP)}
    read_at, rows, cut = time.time(), [], ""
    for number in range(1, MOST_PAGES_OF_DELETED + 1):
        params = {"type": "all", "per_page": str(MOST_ROWS), "page": str(number)}
        reply = client.get(f"/{module}/deleted", params, headers, lane="bulk")
        rows += reply.rows()
        if not reply.info.get("more_records"):
            break
    else:
        cut = DELETED_CUT
    times = [str(row["deleted_time"]) for row in rows if row.get("deleted_time")]
    place.gone = max([*times, instant(since)], key=moment)
    events = [RawEvent(DELETED, item_body(row)) for row in rows]
    yield Page(events, place.next_pass().as_cursor, last=True, truncated=cut, read_at=read_at)


def server_time(reply: Reply) -> datetime:
    """Zoho's clock, to the second, as it answered; ours where it does not say."""
    try:
        found = parsedate_to_datetime(reply.headers.get("date", ""))
    except (ValueError, TypeError):
        return datetime.now(UTC)
    return found if found.tzinfo else found.replace(tzinfo=UTC)
