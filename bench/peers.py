"""The two systems that `bench.connect` connects, each a process of its own: `python -m bench.peers shop|crm FIRST COUNT`.

Person number n is the same one in both: the e-mail in capitals here and there, a phone only in the CRM,
a note in one, in both or in neither, the name in two fields in the shop and in one in the CRM.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from connectors.shopify.simulator import ShopifySimulator
from connectors.zoho.simulator import ZohoSimulator
from connectors.zoho.simulator.api import Records
from hub.sdk.testing import Ledger, run_simulator

Facts = tuple[str, str, str, str]
"""E-mail, whole name, phone and note; empty where there is none."""

CLIENT_ID, CLIENT_SECRET, REFRESH = "1000.BENCH", "hush", "1000.refresh.bench"
SHOP_SECRET, SHOP_TOKEN, DOMAIN = "hush", "shpat_bench", "bench.myshopify.com"
_FAMILY = "王李张刘陈杨黄赵吴周徐孙马朱胡郭何林罗高"
_GIVEN = "伟芳娜敏静丽强磊军洋勇艳杰娟涛明超秀霞平刚桂英华"
# The shop knew its customers later than the CRM, so the shop's two fields for a name count, not the CRM's one.
_SHOP_BEGAN = datetime(2025, 6, 1, tzinfo=ZoneInfo("Asia/Shanghai"))
_CRM_BEGAN = datetime(2025, 1, 1, tzinfo=ZoneInfo("Asia/Shanghai"))
_WIDE = 1e12


def family(number: int) -> str:
    """A family name."""
    return _FAMILY[number % len(_FAMILY)]


def given(number: int) -> str:
    """A given name."""
    rest = number // len(_FAMILY)
    return _GIVEN[rest % len(_GIVEN)] + _GIVEN[rest // len(_GIVEN) % len(_GIVEN)]


def moment(number: int, began: datetime = _SHOP_BEGAN) -> str:
    """When a record was last changed: three within each minute, all in the past."""
    return (began + timedelta(minutes=number // 3)).isoformat(timespec="seconds")


class Tally(Ledger):
    """Counts what it is told and keeps nothing, so that memory does not grow with the load."""

    def __init__(self) -> None:
        super().__init__()
        self.counts: Counter[str] = Counter()

    def note(self, action: str, content: Mapping[str, Any], *, key: str = "") -> None:  # noqa: ARG002
        """Counts an action."""
        with self._lock:
            self.counts[action] += 1


class BenchShop(ShopifySimulator):
    """A shop without cost limits, with the customers `first` to before `first + count`."""

    def __init__(self, first: int, count: int) -> None:
        super().__init__(secret=SHOP_SECRET, token=SHOP_TOKEN, domain=DOMAIN)
        self.tally = self.ledger = Tally()
        bucket = self.endpoint.bucket
        bucket.maximum = bucket.available = bucket.restore_rate = _WIDE
        self.endpoint.mutations.define("retail_hub", "hub_ref")
        for number in range(first, first + count):
            self.shop.add_customer(
                email=f"p{number}@example.com",
                first_name=given(number),
                last_name=family(number),
                state=("enabled", "disabled")[number % 2],
                note="from shop" if number % 5 == 0 else None,
                created_at=moment(number),
                updated_at=moment(number),
            )

    def act_facts(self) -> list[Facts]:
        """What it holds now."""
        with self.shop.lock:
            return [
                _facts(
                    each["email"], (each["last_name"] or "") + (each["first_name"] or ""), each["phone"], each["note"]
                )
                for each in self.shop.customers.values()
            ]

    def act_counts(self) -> dict[str, int]:
        """What it was told, by name of query and mutation."""
        return dict(self.tally.counts)


class BenchCrm(ZohoSimulator):
    """A CRM with credits enough, with the contacts `first` to before `first + count`."""

    def __init__(self, first: int, count: int) -> None:
        super().__init__(client_id=CLIENT_ID, client_secret=CLIENT_SECRET, refresh_token=REFRESH)
        self.tally = self.ledger = Tally()
        self.records = Records(self.crm, self.module, self.tally.note)
        self.credits = self.day_credits = 10**9
        self.tokens.is_limited = False
        for number in range(first, first + count):
            self.crm.add(
                Last_Name=family(number) + given(number),
                Email=f"P{number}@Example.com",
                Mobile=f"139{number:08d}",
                Description="from crm" if number % 3 == 0 else None,
                Modified_Time=moment(number, _CRM_BEGAN),
            )

    def act_facts(self) -> list[Facts]:
        """What it holds now."""
        with self.crm.lock:
            return [
                _facts(
                    each["Email"],
                    (each["Last_Name"] or "") + (each["First_Name"] or ""),
                    each["Mobile"],
                    each["Description"],
                )
                for each in self.crm.contacts.values()
            ]

    def act_counts(self) -> dict[str, int]:
        """What it was told, by sort of call."""
        return dict(self.tally.counts)


def _facts(email: str | None, name: str, phone: str | None, note: str | None) -> Facts:
    digits = "".join(filter(str.isdigit, phone or ""))
    return (email or "").casefold(), name, digits.removeprefix("86"), note or ""


def golden_facts(data: Mapping[str, Any]) -> Facts:
    """The same of a golden record."""
    found = {each["namespace"]: each["value"] for each in data.get("identities") or ()}
    return _facts(found.get("email"), data.get("full_name") or "", found.get("phone"), data.get("note"))


def main() -> None:
    """Fills one system, says that it is ready, and serves until it is told to stop."""
    made = {"shop": BenchShop, "crm": BenchCrm}[sys.argv[1]]
    run_simulator(made(int(sys.argv[2]), int(sys.argv[3])))


if __name__ == "__main__":
    main()
