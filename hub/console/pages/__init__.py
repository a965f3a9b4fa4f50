"""The pages. Each module lists its routes; a page that is not listed here does not exist."""

from hub.console.pages import (
    connection,
    delivery,
    event,
    export,
    health,
    overview,
    plugged,
    plugin,
    profile,
    quarantine,
    record,
    search,
    setting,
    sign_in,
    token,
    trail,
    user,
)
from hub.console.route import Route

ROUTES: tuple[Route, ...] = (
    *sign_in.ROUTES,
    *profile.ROUTES,
    *overview.ROUTES,
    *search.ROUTES,
    *event.ROUTES,
    *export.ROUTES,
    *record.ROUTES,
    *delivery.ROUTES,
    *quarantine.ROUTES,
    *connection.ROUTES,
    *user.ROUTES,
    *token.ROUTES,
    *trail.ROUTES,
    *setting.ROUTES,
    *plugin.ROUTES,
    *health.ROUTES,
    *plugged.ROUTES,
)
