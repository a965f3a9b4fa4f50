"""Every page in every state it can be in. A route that is missing here fails `test_cases_...`."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import quote

from tests.browser.world import LONG_NAME, World

STATES = ("full", "empty", "error", "long")
MISSING = "01M80NG4PR9Q2455H1Z1QE4RSP"


@dataclass(frozen=True)
class Case:
    """One page in one state. `role` "" is somebody who is not signed in."""

    endpoint: str
    state: str
    path: str
    status: int = 200
    role: str = "admin"

    @property
    def name(self) -> str:
        """How a failure names it."""
        return f"{self.endpoint} {self.state} {self.path.split('?')[0]}"


def cases(world: World) -> list[Case]:
    """All cases; `empty` ones belong to the hub of the first day, the others to the full one."""
    ids = world.ids
    long_name = quote(LONG_NAME.replace(" ", "-"))
    return [
        Case("show_login", "full", "/login", role=""),
        Case("show_login", "error", "/login?next=//evil.example", role=""),
        Case("show_profile", "full", "/profile"),
        Case("show_profile", "empty", "/profile", role="fresh"),
        Case("show_overview", "full", "/"),
        Case("show_overview", "empty", "/"),
        Case("show_overview", "long", "/", role="viewer"),
        Case("show_search", "full", "/search"),
        Case("show_results", "error", "/search/nothing", 404),
        Case("list_events", "full", "/events"),
        Case("list_events", "empty", "/events"),
        Case("list_events", "long", "/events?status=quarantined&span=30d&connection=" + long_name),
        Case("list_events", "error", "/events", 403, "viewer"),
        Case("show_event", "full", f"/events/{ids['event']}"),
        Case("show_event", "full", f"/events/{ids['quarantined']}"),
        Case("show_event", "long", f"/events/{ids['event_long']}"),
        Case("show_event", "error", f"/events/evt_{MISSING}", 404),
        Case("list_kinds", "full", "/records"),
        Case("list_records", "full", "/records/customers"),
        Case("list_records", "full", "/records/orders"),
        Case("list_records", "empty", "/records/orders"),
        Case("list_records", "error", "/records/nonsense", 404),
        Case("list_records", "long", "/records/products?lifecycle=erased"),
        Case("show_record", "full", f"/records/customers/{ids['customer']}"),
        Case("show_record", "full", f"/records/orders/{ids['order']}"),
        Case("show_record", "long", f"/records/customers/{ids['long']}"),
        Case("show_record", "error", f"/records/customers/cus_{MISSING}", 404),
        Case("list_deliveries", "full", "/deliveries?tab=waiting"),
        Case("list_deliveries", "full", "/deliveries?tab=sent"),
        Case("list_deliveries", "empty", "/deliveries"),
        Case("list_deliveries", "error", "/deliveries", 403, "viewer"),
        Case("show_delivery", "full", f"/deliveries/{ids['delivery_unknown']}"),
        Case("show_delivery", "full", f"/deliveries/{ids['delivery_dead']}"),
        Case("show_delivery", "error", f"/deliveries/dlv_{MISSING}", 404),
        Case("list_quarantine", "full", "/quarantine"),
        Case("list_quarantine", "empty", "/quarantine"),
        Case("list_parked", "full", "/parked"),
        Case("list_parked", "empty", "/parked"),
        Case("list_connections", "full", "/connections"),
        Case("list_connections", "empty", "/connections"),
        Case("show_connection", "full", "/connections/crm"),
        Case("show_connection", "long", f"/connections/{long_name}"),
        Case("show_connection", "error", "/connections/nothing", 404),
        Case("nowhere", "error", "/nothing/here", 404),
    ]
