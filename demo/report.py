"""What the day came to, in plain words."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from demo.ledger import Balance

MOST_SHOWN = 10
COLUMNS = ("", "records", "golden", "linked", "equal", "differing", "written", "echoes")
# Where the console shows an item: by its type, else by its record.
PLACES = {"conflict": "conflicts", "match": "matches", "plan": "plans", "quarantine": "quarantine"}


@dataclass(slots=True)
class Findings:
    """What was counted. `sent`, `forged`, `writes`, `echoes`: of this start. `events`: the hub's books. `problems`: what is wrong."""

    title: str
    sent: int
    forged: int
    events: Mapping[str, int]
    golden: Mapping[str, int]
    balances: list[Balance]
    writes: Mapping[str, int]
    echoes: Mapping[str, int]
    items: Sequence[Mapping[str, Any]]
    taken: Decimal
    paid: Decimal
    problems: list[str] = field(default_factory=list)

    @property
    def is_agreed(self) -> bool:
        """Whether nothing is wrong."""
        return not self.problems


def tell(found: Findings, say: Callable[[str], None]) -> None:
    """Says it line by line."""
    events = found.events
    lines = [
        ("sent", f"{found.sent or 'no'} webhooks by both systems since this start{_forged(found.forged)}"),
        ("accepted", f"{events['accepted']} events: webhooks, and records read by the systems' APIs"),
        ("duplicates", f"{events['duplicates']}, each counted once"),
        ("refused", f"{events['refused']}, not signed by the shop"),
        ("quarantined", f"{events['quarantined']}, waiting for a fix: retail-hub quarantine"),
        ("lost", str(events["lost"])),
        ("golden records", ", ".join(f"{n} {plural}" for plural, n in found.golden.items())),
        ("money", f"CNY {found.taken:,.2f} taken by the shop, CNY {found.paid:,.2f} paid on golden orders"),
    ]
    say("")
    say(found.title)
    for name, text in lines:
        say(f"  {name:<14}  {text}")
    say("")
    for line in _table(found):
        say(line)
    for text in found.problems[:MOST_SHOWN]:
        say(f"  problem         {text}")
    if len(found.problems) > MOST_SHOWN:
        say(f"  problem         and {len(found.problems) - MOST_SHOWN} more")
    say(_verdict(found))


def tell_items(url: str, items: Sequence[Mapping[str, Any]], say: Callable[[str], None]) -> None:
    """Says what waits for a person, and where."""
    places = Counter((item["type"], _place(item)) for item in items)
    say("")
    for (type_, place), number in sorted(places.items())[:MOST_SHOWN]:
        say(f"to do     {type_} ({number})   {url}/console/{place}")
    if not items:
        say("to do     nothing waits for a person")


def _place(item: Mapping[str, Any]) -> str:
    fallback = f"records/{item['kind']}/{item['record']}" if item["record"] else "alerts"
    return PLACES.get(item["type"], fallback)


def tell_where(url: str, password: str, say: Callable[[str], None]) -> None:
    """Says how to look at it."""
    say("")
    say(f"console   {url}/")
    if password:
        say(f"log in    admin   first password: {password}   (shown at the first start only)")
    else:
        say("log in    admin   with the password of the first start; a new one: retail-hub user passwd admin")
    say("Ctrl-C    ends all of it")


def _table(found: Findings) -> list[str]:
    rows: list[tuple[str, ...]] = [COLUMNS]
    for each in found.balances:
        counts = (each.records, each.golden, each.linked, each.equal, each.differing)
        rows.append((each.system, *map(str, counts), str(found.writes[each.system]), str(found.echoes[each.system])))
    return ["  " + f"{row[0]:<6}" + "".join(f"{text:>11}" for text in row[1:]) for row in rows]


def _forged(count: int) -> str:
    return f"; {count} more, forged" if count else ""


def _verdict(found: Findings) -> str:
    if found.is_agreed:
        return "  the books agree: each customer is in the shop and in the CRM once, with equal content, and nobody else is there"
    return f"  the books DISAGREE: {len(found.problems)} problems"
