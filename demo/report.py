"""What the day came to, in plain words."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal

MOST_SHOWN = 10


@dataclass(slots=True)
class Findings:
    """What was counted. `sent`, `forged`: webhooks of this start. `events`: the hub's books. `problems`: what is wrong."""

    title: str
    sent: int
    forged: int
    events: dict[str, int]
    golden: dict[str, int]
    records: int
    writes: int
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
        ("sent", f"{found.sent or 'no'} webhooks by the shop since this start, signed{_forged(found.forged)}"),
        ("accepted", f"{events['accepted']} events: webhooks, and records read by the shop's API"),
        ("duplicates", f"{events['duplicates']}, each counted once"),
        ("refused", f"{events['refused']}, not signed by the shop"),
        ("quarantined", f"{events['quarantined']}, waiting for a fix: retail-hub quarantine"),
        ("lost", str(events["lost"])),
        ("golden records", ", ".join(f"{n} {plural}" for plural, n in found.golden.items())),
        ("delivered", f"{found.records} records to crm, by {found.writes} signed deliveries"),
        ("money", f"CNY {found.taken:,.2f} taken by the shop, CNY {found.paid:,.2f} paid on golden orders"),
    ]
    say("")
    say(found.title)
    for name, text in lines:
        say(f"  {name:<14}  {text}")
    for text in found.problems[:MOST_SHOWN]:
        say(f"  problem         {text}")
    if len(found.problems) > MOST_SHOWN:
        say(f"  problem         and {len(found.problems) - MOST_SHOWN} more")
    say(_verdict(found))


def tell_where(url: str, password: str, say: Callable[[str], None]) -> None:
    """Says how to look at it."""
    say("")
    say(f"console   {url}/")
    if password:
        say(f"log in    admin   first password: {password}   (shown at the first start only)")
    else:
        say("log in    admin   with the password of the first start; a new one: retail-hub user passwd admin")
    say("Ctrl-C    ends all of it")


def _forged(count: int) -> str:
    return f"; {count} more, forged" if count else ""


def _verdict(found: Findings) -> str:
    if found.is_agreed:
        return "  ledger agrees: each golden record is at crm once, with equal content, and nothing else is there"
    return f"  ledger DISAGREES: {len(found.problems)} problems"
