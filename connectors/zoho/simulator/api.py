"""The simulated CRM API v8 of contacts: listings, single records, upserts with a result for each record.

Shapes follow Zoho's own samples; what happens to the forced faults is what its documentation says.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from connectors.zoho.simulator import layout
from connectors.zoho.simulator.crm import Crm
from hub.sdk.testing import SimAnswer, SimRequest
from hub.sdk.testing.index import Ordered

MOST_RECORDS, MOST_ROWS, MOST_PAGED, MOST_FIELDS = 100, 200, 2000, 50
_MARK_LENGTH = 2
_WHERE = re.compile(r"select id from (\w+) where (\w+) = '((?:[^'\\]|\\.)*)' limit (\d+)")


class Records:
    """Answers calls to the module. `note(action, content)` writes the ledger; `failures`: codes for the next records."""

    def __init__(self, crm: Crm, module: str, note: Callable[[str, Mapping[str, Any]], None]) -> None:
        self.crm = crm
        self.module = module
        self.failures: list[str] = []
        self._note = note

    def answer(self, request: SimRequest, path: str) -> SimAnswer:
        """`path` stands below the module: empty, `/deleted`, `/upsert`, or an id."""
        if path == "/deleted" and request.method == "GET":
            return self._deleted(request)
        if path == "/upsert" and request.method == "POST":
            return self._write(request, self._upsert)
        if path == "" and request.method in ("GET", "POST", "PUT", "DELETE"):
            if request.method == "GET":
                return self._list(request)
            if request.method == "DELETE":
                return self._remove(request)
            return self._write(request, self._insert if request.method == "POST" else self._update)
        if request.method == "GET" and path[1:].isdigit():
            rows = self.crm.listed([path[1:]])
            return SimAnswer.of({"data": _shown(rows, request)}) if rows else SimAnswer(204)
        return refused("INVALID_URL_PATTERN", 404)

    def coql(self, request: SimRequest) -> SimAnswer:
        """Just enough of COQL: one field equals a text."""
        found = _WHERE.fullmatch(str((request.json() or {}).get("select_query")))
        if found is None or found[1] != self.module or found[2] not in self.crm.by_name:
            return refused("SYNTAX_ERROR", 400)
        value = re.sub(r"\\(.)", r"\1", found[3])
        ids = self.crm.holders(found[2], value) if value else self._without(found[2])
        if not ids:
            return SimAnswer(204)
        cut = [{"id": number} for number in ids[: int(found[4])]]
        return SimAnswer.of({"data": cut, "info": {"count": len(cut), "more_records": len(ids) > len(cut)}})

    def _without(self, name: str) -> list[str]:
        return [row["id"] for row in self.crm.listed() if not row.get(name)]

    def _list(self, request: SimRequest) -> SimAnswer:
        query = request.query
        names = [name for name in query.get("fields", "").split(",") if name]
        if not names:
            return refused("REQUIRED_PARAM_MISSING", 400, param="fields")
        if len(names) > MOST_FIELDS:
            return refused("LIMIT_EXCEEDED", 400, param="fields")
        if "ids" in query:
            rows = self.crm.listed(query["ids"].split(","))
            self._note("read", {"ids": query["ids"].split(",")})
            return SimAnswer.of({"data": _shown(rows, request)}) if rows else SimAnswer(204)
        with self.crm.lock:
            return self._page(request, query.get("sort_by", "Modified_Time"))

    def _page(self, request: SimRequest, sort: str) -> SimAnswer:
        """A page of the listing; nothing but what is on it is looked at."""
        query, since = request.query, request.headers.get("if-modified-since")
        order, begin = self._order(sort, since)
        if begin == len(order):
            return SimAnswer(304 if since else 204)
        is_last_first = query.get("sort_order", "desc") == "desc"
        size, number = min(int(query.get("per_page", MOST_ROWS)), MOST_ROWS), int(query.get("page", 1))
        start = (number - 1) * size
        if "page_token" in query:
            mark = _mark(query["page_token"])
            if mark is None:
                return refused("INVALID_DATA", 400, param="page_token")
            begin, start = max(begin, order.behind(*mark)), 0
        elif start + size > MOST_PAGED:
            return refused("LIMIT_EXCEEDED", 400, param="page")
        page = _turned(order, begin, start, size) if is_last_first else order.cut(begin + start, begin + start + size)
        more = begin + start + size < len(order)
        self._note("page", {"since": since, "rows": len(page)})
        info = {
            "per_page": size,
            "count": len(page),
            "page": number,
            "sort_by": sort,
            "sort_order": query.get("sort_order", "desc"),
            "more_records": more,
            "next_page_token": _token(list(page[-1])) if more else None,
            "previous_page_token": None,
            "page_token_expiry": None,
        }
        return SimAnswer.of({"data": _shown(self.crm.listed([id_ for _, id_ in page]), request), "info": info})

    def _order(self, sort: str, since: str | None) -> tuple[Ordered, int]:
        """The contacts in the asked order, and where those begin that changed after `since`."""
        order, start = self.crm.by_time(), _moment(since).timestamp() if since else 0.0
        begin = order.behind_key(start) if since else 0
        if sort == "Modified_Time":
            return order, begin
        made = Ordered()
        for _, number in order.cut(begin, len(order)):
            made.put(number, number if sort == "id" else _moment(self.crm.contacts[number][sort]).timestamp())
        return made, 0

    def _deleted(self, request: SimRequest) -> SimAnswer:
        since = request.headers.get("if-modified-since")
        rows = [row for row in self.crm.deleted if not since or _moment(row["deleted_time"]) > _moment(since)]
        if not rows:
            return SimAnswer(304 if since else 204)
        size, number = min(int(request.query.get("per_page", MOST_ROWS)), MOST_ROWS), int(request.query.get("page", 1))
        page = rows[::-1][(number - 1) * size : number * size]
        info = {"per_page": size, "count": len(page), "page": number, "more_records": number * size < len(rows)}
        return SimAnswer.of({"data": page, "info": info})

    def _write(self, request: SimRequest, carry_out: Callable[[dict[str, Any], int, Any], Any]) -> SimAnswer:
        body = request.json()
        rows = body.get("data") if isinstance(body, dict) else None
        if not isinstance(rows, list) or not rows:
            return refused("INVALID_DATA", 400, api_name="data")
        if len(rows) > MOST_RECORDS:
            return refused("LIMIT_EXCEEDED", 400, limit=MOST_RECORDS)
        with self.crm.lock:
            return SimAnswer.of({"data": [carry_out(row, n, body) for n, row in enumerate(rows)]})

    def _upsert(self, row: dict[str, Any], place: int, body: Any) -> dict[str, Any]:
        for name in body.get("duplicate_check_fields") or ["Email"]:
            known = self.crm.holder(name, row.get(name))
            if known is not None:
                return self._change(known, row, place) | {"action": "update", "duplicate_field": name}
        return self._insert(row, place, body) | {"action": "insert", "duplicate_field": None}

    def _insert(self, row: dict[str, Any], place: int, body: Any) -> dict[str, Any]:  # noqa: ARG002
        fault = self._fault(row, place, "")
        if fault is None and not row.get("Last_Name"):
            fault = _failed("MANDATORY_NOT_FOUND", "Last_Name", place)
        if fault is not None:
            return fault
        held = self.crm.insert(row)
        self._note("insert", {"id": held["id"], "row": row})
        return _done("record added", held)

    def _update(self, row: dict[str, Any], place: int, body: Any) -> dict[str, Any]:  # noqa: ARG002
        if str(row.get("id")) not in self.crm.contacts:
            return _failed("INVALID_DATA", "id", place)
        return self._change(str(row["id"]), row, place)

    def _change(self, known: str, row: dict[str, Any], place: int) -> dict[str, Any]:
        fault = self._fault(row, place, known)
        if fault is None and "Last_Name" in row and not row["Last_Name"]:
            fault = _failed("MANDATORY_NOT_FOUND", "Last_Name", place)
        if fault is not None:
            return fault
        held = self.crm.update(known, row)
        self._note("update", {"id": known, "row": row})
        return _done("record updated", held)

    def _fault(self, row: Mapping[str, Any], place: int, known: str) -> dict[str, Any] | None:
        if self.failures:
            return _failed(self.failures.pop(0), "", place)
        for name, declared in self.crm.by_name.items():
            wrong = layout.problem(declared, row.get(name))
            if wrong is not None:
                return _failed("INVALID_DATA", name, place, **wrong)
            other = self.crm.holder(name, row.get(name), known) if declared["unique"] else None
            if other is not None:
                return _failed("DUPLICATE_DATA", name, place, id=other)
        return None

    def _remove(self, request: SimRequest) -> SimAnswer:
        found = []
        for place, number in enumerate(request.query.get("ids", "").split(",")):
            if number not in self.crm.contacts:
                found.append(_failed("INVALID_DATA", "id", place))
                continue
            self.crm.remove(number)
            self._note("delete", {"id": number})
            details = {"id": number}
            found.append({"code": "SUCCESS", "details": details, "message": "record deleted", "status": "success"})
        return SimAnswer.of({"data": found})


def refused(code: str, status: int, **details: Any) -> SimAnswer:
    """A call that is refused as a whole."""
    return SimAnswer.of({"code": code, "details": details, "message": code.lower(), "status": "error"}, status)


def _failed(code: str, name: str, place: int, **more: Any) -> dict[str, Any]:
    details = {"api_name": name, "json_path": f"$.data[{place}].{name}"} if name else {}
    return {"code": code, "details": details | more, "message": code.lower(), "status": "error"}


def _done(message: str, held: Mapping[str, Any]) -> dict[str, Any]:
    details = {name: held[name] for name in ("id", "Modified_Time", "Created_Time")}
    return {"code": "SUCCESS", "details": details, "message": message, "status": "success"}


def _shown(rows: list[dict[str, Any]], request: SimRequest) -> list[dict[str, Any]]:
    names = [name for name in request.query.get("fields", "").split(",") if name]
    if not names:
        return rows
    return [{"id": row["id"], **{name: row[name] for name in names if name in row}} for row in rows]


def _turned(order: Ordered, begin: int, start: int, size: int) -> list[tuple[Any, Any]]:
    """Places counted from the end, of those from `begin` on."""
    end = len(order) - start
    return order.cut(max(begin, end - size), max(begin, end))[::-1]


def _token(mark: list[Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(mark).encode()).decode()


def _mark(token: str) -> list[Any] | None:
    try:
        found = json.loads(base64.urlsafe_b64decode(token))
    except ValueError:
        return None
    return found if isinstance(found, list) and len(found) == _MARK_LENGTH else None


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text)
