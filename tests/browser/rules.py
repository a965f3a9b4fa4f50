"""Rules put in force twice, so that there is a history, and a table that a mapping uses."""

from __future__ import annotations

from hub.flow import release
from hub.flow.rules import installed_folders, load_site, publish_release
from tests.browser.world import LONG, World
from tests.fixtures.match import MODEL

FILES = {
    "matching/customer.yaml": MODEL,
    "lookups/channels.yaml": "wx: wechat\ndy: douyin\nshop: web\n",
    "webhook/messages.yaml": """kind: message
from: webhook/messages
root: data
id: id
version: updated_at
at: updated_at
in:
  channel: {path: channel, lookup: channels, unknown: keep}
""",
}


def make_rules(world: World) -> None:
    """Puts the installed rules in force, then those with files of a site."""
    hub = world.hub
    release.activate(hub, "cli", "the first")
    hub.rules = load_site(hub.registry, installed_folders(), FILES)
    publish_release(hub.db, hub.rules)
    release.activate(hub, world.ids["user"], LONG[:200])
    hub.connections.reload()
