"""Connections as declared and in service: checked wishes, idempotent files, halts that hold at once."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from hub.errors import ConfigError, ConflictError, ConnectionPausedError, NotFoundError, RetryableError
from hub.flow.account import check, disconnect, halt, lift, pause, resume
from hub.flow.configure import Wish, connect
from hub.flow.connection import Connections
from hub.flow.context import Hub
from hub.flow.declaration import apply, export
from hub.store import audit, cursor
from tests.fixtures.bare import Till, bare_hub

WISH = Wish(
    "shop", "till", config={"url": "https://till.example"}, secrets={"secret": ["s3cret"]}, flows={"order": "in"}
)

FILE = """
connections:
  shop:
    connector: till
    rank: 5
    config: {url: "https://till.example"}
    secrets: {secret: [env:TILL_NEW, "file:%s"]}
    flows: {order: in, customer: in}
  crm:
    connector: sink
    realm: brand
    flows: {customer: out}
    mode: shadow
"""


@pytest.fixture
def hub(database_url: str, redis_url: str, tmp_path: Path) -> Iterator[Hub]:
    with bare_hub(database_url, redis_url, tmp_path) as made:
        yield made


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    (tmp_path / "old").write_text("old-value\n")
    monkeypatch.setenv("TILL_NEW", "new-value")
    return FILE % (tmp_path / "old")


def acts(hub: Hub) -> list[str]:
    return [act for (act,) in hub.db.all("select act from audit order by seq")]


def test_connect_when_new_then_reading_with_cursors_for_its_flows(hub: Hub) -> None:
    assert connect(hub, WISH, "li") == "created"
    row = hub.connections.by_name("shop")
    assert (row.phase, row.realm, row.config, row.flows) == (
        "reading",
        "default",
        dict(WISH.config or {}),
        {"order": "in"},
    )
    with hub.db.session() as conn:
        assert [c.stream for c in cursor.of_connection(conn, row.id)] == ["orders"]
    connector = hub.connections.connector("shop")
    assert connector.config == {"url": "https://till.example", "zone": "Asia/Shanghai"}
    assert connector.secrets == {"secret": ("s3cret",)}
    assert hub.connections.connector("shop") is connector
    assert "s3cret" not in repr(connector)


def test_connect_when_repeated_then_unchanged_and_partial_wish_lays_over(hub: Hub) -> None:
    connect(hub, WISH, "li")
    assert connect(hub, WISH, "li") == "unchanged"
    assert connect(hub, Wish("shop", config={"zone": "UTC"}, flows={"customer": "in"}), "li") == "updated"
    row = hub.connections.by_name("shop")
    assert row.config == {"url": "https://till.example", "zone": "UTC"}
    assert row.flows == {"order": "in", "customer": "in"}
    assert hub.connections.connector("shop").config["zone"] == "UTC"
    assert acts(hub) == ["connection.created", "connection.updated"]


def test_connect_when_wish_is_wrong_then_error_lists_all_of_it(hub: Hub) -> None:
    wrong = Wish(
        "sh op",
        "till",
        config={"url": "ftp://x", "zone": "Mars", "colour": "red"},
        secrets={"password": ["hunter2"]},
        flows={"order": "out", "customer": "sideways", "location": "in", "dragon": "in"},
    )
    with pytest.raises(ConfigError) as caught:
        connect(hub, wrong, "li")
    text = str(caught.value)
    for part in ("1 to 60", "'url' must look like", "one of Asia/Shanghai, UTC", "'colour'", "'password'", "'secret' is missing",
                 "order:out", "customer:sideways", "'location'", "'dragon'"):  # fmt: skip
        assert part in text
    assert "hunter2" not in text
    assert hub.connections.all() == ()


def test_connect_when_connector_or_realm_changes_then_conflict(hub: Hub) -> None:
    connect(hub, WISH, "li")
    with pytest.raises(ConflictError, match="uses the connector till"):
        connect(hub, Wish("shop", "sink"), "li")
    with pytest.raises(ConflictError, match="realm default"):
        connect(hub, Wish("shop", realm="other"), "li")
    with pytest.raises(ConfigError, match="not installed"):
        connect(hub, Wish("crm", "unheard-of"), "li")
    with pytest.raises(ConfigError, match="say which connector"):
        connect(hub, Wish("crm"), "li")


def test_apply_when_repeated_then_nothing_changes(hub: Hub, file: str) -> None:
    assert apply(hub, file, "li") == {"shop": "created", "crm": "created"}
    assert hub.connections.connector("shop").secrets == {"secret": ("new-value", "old-value")}
    before = hub.db.all("select id, generation from connection order by id")
    assert apply(hub, file, "li") == {"shop": "unchanged", "crm": "unchanged"}
    assert hub.db.all("select id, generation from connection order by id") == before
    assert apply(hub, file.replace("rank: 5", "rank: 6"), "li") == {"shop": "updated", "crm": "unchanged"}


def test_export_when_applied_again_then_unchanged_and_holds_no_secret(hub: Hub, file: str) -> None:
    apply(hub, file, "li")
    text = export(hub)
    assert "new-value" not in text
    assert "shop needs the secrets: secret" in text
    assert apply(hub, text, "li") == {"crm": "unchanged", "shop": "unchanged"}
    assert export(hub) == text


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[", "not YAML"),
        ("a: 1", "expected `connections:`"),
        ("connections: {}\npolicies: {}", "HUB_MAPPINGS_DIR"),
        ("connections: {a: 3}", "connections.a: expected the keys"),
        ("connections: {a: {colour: red}}", "unknown key 'colour'"),
        ("connections: {a: {rank: yes}}", "a.rank: expected int"),
        ("connections: {a: {connector: till, secrets: {secret: plain}}}", "never as itself"),
        ("connections: {a: {connector: till, secrets: {secret: 'env:NOT_THERE'}}}", "NOT_THERE is not set"),
        ("connections: {a: {connector: till, secrets: {secret: 'file:/none'}}}", "cannot read /none"),
        ("connections: {a: {connector: till, mode: half}}", "live or shadow"),
    ],
)
def test_apply_when_file_is_wrong_then_error_names_the_place(hub: Hub, text: str, says: str) -> None:
    with pytest.raises(ConfigError, match=says):
        apply(hub, text, "li", source="hub.yaml")


def test_check_when_system_fails_then_result_not_error(hub: Hub) -> None:
    connect(hub, WISH, "li")
    assert check(hub, "shop").ok
    Till.script["check"] = ConnectionPausedError("shop: 401")
    assert not check(hub, "shop").ok
    Till.script["check"] = RetryableError("shop: 503")
    assert check(hub, "shop").message == "shop: 503"
    hub.connections.reload()
    row = hub.db.one("select health -> 'check' ->> 'message' from connection")
    assert row == ("shop: 503",)
    with pytest.raises(NotFoundError, match="there are: shop"):
        check(hub, "nobody")


def test_pause_when_resumed_then_item_is_resolved_and_streams_are_due(hub: Hub) -> None:
    connect(hub, WISH, "li")
    row = hub.connections.by_name("shop")
    assert pause(hub, "shop", "li", "holiday")
    assert not pause(hub, "shop", "li")
    assert not hub.connections.may_call(row.id, "in")
    hub.db.execute("update cursor set next_poll_at = now() + interval '1 day'")
    assert resume(hub, "shop", "li")
    assert not resume(hub, "shop", "li")
    assert cursor.due(hub.db) == [(row.id, "orders")]
    assert hub.db.all("select state, resolved_by from item") == [("resolved", "li")]
    assert acts(hub)[1:] == ["connection.pause", "connection.resume"]


def test_halt_when_set_by_another_process_then_holds_before_the_next_call(hub: Hub, redis_url: str) -> None:
    connect(hub, WISH, "li")
    connect(hub, Wish("crm", "sink", flows={"customer": "out"}), "li")
    other = Connections(hub.db, hub.keyring, hub.registry, hub.settings)
    ids = {row.name: row.id for row in other.all()}
    assert halt(hub, "crm", "li", inward=False) == ["crm"]
    assert not other.may_call(ids["crm"], "out")
    assert other.may_call(ids["crm"], "in")
    assert halt(hub, None, "li") == ["crm", "shop"]
    assert not other.may_call(ids["shop"], "in")
    assert lift(hub, None, "li") == ["crm", "shop"]
    assert other.may_call(ids["crm"], "out")
    with pytest.raises(NotFoundError):
        halt(hub, "nobody", "li")
    with pytest.raises(ConfigError):
        halt(hub, None, "li", inward=False, outward=False)


def test_disconnect_when_connected_again_then_same_row_comes_back(hub: Hub) -> None:
    connect(hub, WISH, "li")
    before = hub.connections.by_name("shop")
    assert disconnect(hub, "shop", "li", "sold")
    assert not disconnect(hub, "shop", "li")
    row = hub.connections.by_name("shop")
    assert (row.phase, row.writes("order"), row.reads("order")) == ("off", False, True)
    assert hub.db.one("select count(*) from secret") == (0,)
    with pytest.raises(ConfigError, match="'secret' is missing"):
        connect(hub, Wish("shop"), "li")
    assert connect(hub, WISH, "li") == "updated"
    row = hub.connections.by_name("shop")
    assert (row.id, row.phase, row.disconnected_at) == (before.id, "reading", None)


def test_audit_when_connections_changed_then_chain_is_whole(hub: Hub) -> None:
    connect(hub, WISH, "li")
    halt(hub, None, "li")
    with hub.db.transaction() as conn:
        assert audit.verify(conn).broken_at is None
    assert "s3cret" not in str(hub.db.all("select * from audit"))
