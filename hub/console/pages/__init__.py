"""The pages. Each module lists its routes; a page that is not listed here does not exist."""

from hub.console.pages import connection, delivery, event, overview, profile, quarantine, record, search, sign_in
from hub.console.route import Route

ROUTES: tuple[Route, ...] = (
    *sign_in.ROUTES,
    *profile.ROUTES,
    *overview.ROUTES,
    *search.ROUTES,
    *event.ROUTES,
    *record.ROUTES,
    *delivery.ROUTES,
    *quarantine.ROUTES,
    *connection.ROUTES,
)
