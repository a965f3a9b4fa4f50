"""The console inside the whole web application, beside the API."""

from __future__ import annotations

from hub.web import create_app
from tests.browser.world import World


def test_console_when_served_beside_the_api_then_its_pages_and_errors_are_its_own(full: World) -> None:
    client = create_app(full.hub).test_client()
    client.set_cookie("hub_session", full.cookies["admin"], path="/console")
    assert client.get("/").location == "/console/"
    overview, missing = client.get("/console/"), client.get("/console/nothing/here")
    assert (overview.status_code, missing.status_code) == (200, 404)
    for page in (overview, missing):
        assert page.mimetype == "text/html"
        assert "script-src 'self'" in page.headers["Content-Security-Policy"]
    with client.get("/console/static/console.css?v=1") as style:
        assert "immutable" in style.headers["Cache-Control"]
    assert client.get("/api/v1/orders").status_code == 401
