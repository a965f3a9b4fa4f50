"""Writing contacts: up to 100 in one call, with a result of its own for each.

A create is an upsert by the hub's unique field, so one that is repeated finds what it made. An
update goes by Zoho's id. `trigger: []` keeps the org's workflows from running on what the hub writes.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from connectors.zoho.client import Client, Reply
from connectors.zoho.fault import code_of, error_of_record
from connectors.zoho.fields import shown
from connectors.zoho.placing import EMAILS, FIELDS, PHONES, place, whole_groups
from connectors.zoho.reading import SECOND, moment, server_time
from hub.errors import HubError, RejectedError, UnknownOutcomeError
from hub.model import time as hub_time
from hub.model.fault import ValueFault
from hub.sdk import Delivery, Found, WriteResult

BATCH = 100
_HUB_REF = re.compile(r"[A-Za-z0-9_-]{1,100}")
_ID = re.compile(r"[0-9]{1,30}")
_GONE = "INVALID_DATA"
_LONGEST_WAIT_S = 3.0


class Writer:
    """Writes one module of one account. Made per call; holds nothing."""

    def __init__(
        self, client: Client, module: str, hub_field: str, duplicate_fields: Sequence[str], names: Sequence[str]
    ) -> None:
        self._client = client
        self._module = module
        self._hub_field = hub_field
        self._check = [hub_field, *(name for name in duplicate_fields if name != hub_field)]
        self._names = names

    def write(self, deliveries: Sequence[Delivery]) -> list[WriteResult]:
        """Carries out up to 100 deliveries of any sort; results in their order."""
        results: dict[int, WriteResult] = {}
        for run, group in (
            (self._delete, [n for n, each in enumerate(deliveries) if each.delete]),
            (self._update, [n for n, each in enumerate(deliveries) if not each.delete and each.external_id]),
            (self._create, [n for n, each in enumerate(deliveries) if not each.delete and not each.external_id]),
        ):
            if group:
                results |= zip(group, self._guarded(run, [deliveries[n] for n in group]), strict=True)
        return [results[n] for n in range(len(deliveries))]

    def read(self, external_id: str) -> Found | None:
        """The contact as it is now; None when it is gone."""
        if not _ID.fullmatch(external_id):
            return None
        row = self._current([external_id], self._names).rows.get(external_id)
        return Found(external_id, version_of(row), row) if row else None

    def find(self, hub_ref: str, keys: Mapping[str, Any]) -> Found | None:
        """The contact made under `hub_ref`; without one, the only contact that carries one of `keys`.

        Asked by COQL, which sees a record at once; Zoho's search index lags behind by seconds to
        minutes. A create always carries its reference, so where one is given nothing else counts: a
        phone or an e-mail may be a whole family's.
        """
        if hub_ref:
            if not _HUB_REF.fullmatch(hub_ref):
                return None
            return self._one(f"{self._hub_field} = '{hub_ref}'")
        for identity in keys.get("identities") or ():
            slots = {"phone": PHONES, "email": EMAILS}.get(identity.get("namespace"), ())
            for (slot,) in slots:
                found = self._one(f"{slot} = '{_quoted(str(identity.get('value') or ''))}'")
                if found is not None:
                    return found
        return None

    def _one(self, where: str) -> Found | None:
        query = f"select id from {self._module} where {where} limit 2"  # noqa: S608 -- names and values are checked
        rows = self._client.ask("POST", "/coql", json={"select_query": query}, idempotent=True).rows()
        return self.read(str(rows[0]["id"])) if len(rows) == 1 else None

    def _guarded(
        self, run: Callable[[Sequence[Delivery]], list[WriteResult]], deliveries: Sequence[Delivery]
    ) -> list[WriteResult]:
        try:
            return run(deliveries)
        except HubError as error:
            return [WriteResult(each.external_id, error=error) for each in deliveries]

    def _create(self, deliveries: Sequence[Delivery]) -> list[WriteResult]:
        rows = [
            {name: value for name, value in each.data.items() if value is not None} | {self._hub_field: each.hub_ref}
            for each in deliveries
        ]
        body = {"data": rows, "duplicate_check_fields": self._check, "trigger": []}
        return self._results(self._client.ask("POST", f"/{self._module}/upsert", json=body), deliveries)

    def _update(self, deliveries: Sequence[Delivery]) -> list[WriteResult]:
        current = self._current([str(each.external_id) for each in deliveries], FIELDS)
        held = [current.rows.get(str(each.external_id), {}) for each in deliveries]
        rows = [
            place(whole_groups(each.changed or each.data, each.data), row)
            for each, row in zip(deliveries, held, strict=True)
        ]
        # Where everything stands in its place already there is nothing to say.
        due = [n for n, row in enumerate(rows) if row or not held[n]]
        results = {
            n: WriteResult(deliveries[n].external_id, version_of(held[n])) for n in set(range(len(rows))) - set(due)
        }
        if due:
            current.wait()
            body = {"data": [{**rows[n], "id": deliveries[n].external_id} for n in due], "trigger": []}
            reply = self._client.ask("PUT", f"/{self._module}", json=body, idempotent=False)
            results |= zip(due, self._results(reply, [deliveries[n] for n in due]), strict=True)
        return [results[n] for n in range(len(deliveries))]

    def _delete(self, deliveries: Sequence[Delivery]) -> list[WriteResult]:
        params = {"ids": ",".join(str(each.external_id) for each in deliveries), "wf_trigger": "false"}
        reply = self._client.ask("DELETE", f"/{self._module}", params=params)
        rows = reply.rows()
        if len(rows) != len(deliveries):
            raise UnknownOutcomeError(
                f"{self._client.connection}: Zoho answered {len(rows)} of {len(deliveries)} deletions"
            )
        return [
            WriteResult(each.external_id)
            if code_of(row) == _GONE  # there is nothing left to delete
            else WriteResult(each.external_id, error=error_of_record(row, self._where(each)))
            for each, row in zip(deliveries, rows, strict=True)
        ]

    def _results(self, reply: Reply, deliveries: Sequence[Delivery]) -> list[WriteResult]:
        rows = reply.rows()
        if len(rows) != len(deliveries):
            text = f"{self._client.connection}: Zoho answered {len(rows)} of {len(deliveries)} records"
            raise UnknownOutcomeError(text)
        return [self._result(each, row) for each, row in zip(deliveries, rows, strict=True)]

    def _result(self, delivery: Delivery, row: Mapping[str, Any]) -> WriteResult:
        error = error_of_record(row, self._where(delivery))
        if error is not None:
            return WriteResult(delivery.external_id, error=error)
        details = row.get("details")
        details = details if isinstance(details, Mapping) else {}
        external_id = str(details.get("id") or "") or delivery.external_id
        return WriteResult(external_id, version_of(details))

    def _where(self, delivery: Delivery) -> str:
        return f"{self._client.connection}: {self._module} {delivery.external_id or delivery.hub_ref}"

    def _current(self, ids: Sequence[str], names: Sequence[str]) -> _Current:
        asked = [*names[:49], *({"Modified_Time"} - set(names[:49]))]
        try:
            reply = self._client.get(f"/{self._module}", {"ids": ",".join(ids), "fields": shown(asked)})
        except RejectedError as error:
            if error.code == _GONE:
                return _Current({}, datetime.now(UTC))
            raise
        return _Current({str(row["id"]): row for row in reply.rows() if row.get("id")}, server_time(reply))


@dataclass(frozen=True, slots=True)
class _Current:
    """Contacts as they were at Zoho's time `at`, by id."""

    rows: Mapping[str, dict[str, Any]]
    at: datetime

    def wait(self) -> None:
        """Until Zoho's clock shows another second than the newest change of these contacts.

        Zoho's times are whole seconds, and they order versions. A write in the very second of a change
        that was read before it could not be told from one that came after.
        """
        newest = max((moment(row.get("Modified_Time")) for row in self.rows.values()), default=self.at - SECOND)
        wait_s = (newest + SECOND - self.at.replace(microsecond=0)).total_seconds()
        if wait_s > 0:
            time.sleep(min(wait_s, _LONGEST_WAIT_S))


def version_of(row: Mapping[str, Any] | None) -> str | None:
    """A record's `Modified_Time` in the hub's own form; None without one."""
    try:
        return hub_time.canonical((row or {}).get("Modified_Time"))
    except ValueFault:
        return None


def _quoted(text: str) -> str:
    return text.replace("\\", "\\\\").replace("'", "\\'")
