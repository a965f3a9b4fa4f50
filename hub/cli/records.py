"""`records` and `explain`: look at golden records."""

from __future__ import annotations

import getpass
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import click

from hub.cli.local import open_hub
from hub.cli.output import json_option, show, show_json
from hub.errors import NotFoundError

if TYPE_CHECKING:
    from hub.flow.context import Hub
    from hub.model.kind import Kind
    from hub.store.view import GoldenRow


def operator() -> str:
    """The author that acts of the command line are recorded under."""
    return f"cli:{getpass.getuser()}"


def kind_of(hub: Hub, name: str) -> Kind:
    """The kind of that name, singular or plural; `ConfigError` lists the known ones."""
    from hub.errors import ConfigError

    for kind in hub.registry.kinds.values():
        if name in (kind.name, kind.plural):
            return kind
    raise ConfigError(f"there is no kind {name!r}; there are: {', '.join(sorted(hub.registry.kinds))}")


@click.command()
@click.argument("kind")
@click.argument("query", required=False)
@click.option("--limit", type=click.IntRange(1, 10_000), default=50, show_default=True, help="At most so many.")
@json_option
def records(kind: str, query: str | None, limit: int, as_json: bool) -> None:
    """List golden records of KIND, or find those that QUERY names: an id, an external id, a phone, a number, a name.

    \b
    Example:
      retail-hub records customer +8613800138000
    """
    with open_hub() as hub:
        declared = kind_of(hub, kind)
        found = _find(hub, declared, query, limit)
        if as_json:
            show_json([shown(declared, row) for row in found])
            return
        rows = [{"id": shown(declared, row)["id"], "lifecycle": row.lifecycle, **row.data} for row in found]
        show(rows, ["id", "lifecycle", *_columns(declared, rows)], empty=f"no {declared.plural} found")


def _find(hub: Hub, kind: Kind, query: str | None, limit: int) -> list[GoldenRow]:
    from hub.flow import search
    from hub.store import view

    with hub.db.transaction() as conn:
        realms = view.realms(conn, None)
        ids = tuple(search.ids_of_text(conn, hub, kind, query, realms)) if query else None
        if ids == ():
            return []
        return view.page(conn, kind.name, realms, view.Filter(ids=ids), None, limit)


def shown(kind: Kind, row: GoldenRow) -> dict[str, Any]:
    """A golden record as JSON."""
    from hub.model.identifier import format_id

    return {
        "id": format_id(kind.prefix, row.id), "kind": kind.name, "version": row.version, "lifecycle": row.lifecycle,
        "created_at": row.created_at, "updated_at": row.updated_at, "data": row.data,
    }  # fmt: skip


def _columns(kind: Kind, rows: Sequence[Mapping[str, Any]]) -> list[str]:
    """The first fields that have a value in one of the rows: texts and times, then sums of money."""
    filled = [field for field in kind.fields if any(row.get(field.name) is not None for row in rows)]
    plain = [field.name for field in filled if field.type in ("text", "enum", "time", "date", "decimal")]
    return [*plain[:5], *[field.name for field in filled if field.type == "money"][:2]]


@click.command()
@click.argument("kind")
@click.argument("id_", metavar="ID")
@click.argument("field", required=False)
@click.option("--relations", "is_kin", is_flag=True, help="Instead: who is of one household with it, and what says so.")
@json_option
def explain(kind: str, id_: str, field: str | None, is_kin: bool, as_json: bool) -> None:
    """Say why a golden record has its values: who won each field, by which rule, and who lost.

    \b
    Example:
      retail-hub explain customer cus_01JD3W8Z5V0000000000000000 full_name
      retail-hub explain customer cus_01JD3W8Z5V0000000000000000 --relations
    """
    if is_kin:
        _show_relations(kind, id_, as_json=as_json)
        return
    with open_hub() as hub:
        from hub.flow.explain import explain as explained
        from hub.flow.stewardship import resolve_id

        name = kind_of(hub, kind).name
        found = _with_ids(explained(hub, name, resolve_id(hub, name, id_)))
    if field is not None:
        if field not in found:
            raise NotFoundError(f"{id_} has no value of {field!r}; it has: {', '.join(found)}")
        found = {field: found[field]}
    if as_json:
        show_json(found)
        return
    show([_line(name, entry) for name, entry in found.items()], ["field", "value", "from", "since", "rule", "lost"])


def _with_ids(found: dict[str, Any]) -> dict[str, Any]:
    from hub.flow.explain import show_event_ids

    return show_event_ids(found)


def _line(name: str, entry: Mapping[str, Any]) -> dict[str, Any]:
    winner = entry.get("winner") or {}
    who = f"{winner['connection']}:{winner['external_id']}" if winner else entry.get("pinned_by") or entry["rule"]
    lost = ", ".join(f"{loser['connection']}:{loser['external_id']}" for loser in entry["losers"])
    return {"field": name, "value": entry["value"], "from": who, "since": winner.get("since"), "rule": entry["rule"],
            "lost": lost}  # fmt: skip


def _show_relations(kind: str, id_: str, *, as_json: bool) -> None:
    from hub.flow import kin
    from hub.flow.stewardship import resolve_id

    with open_hub() as hub:
        declared = kind_of(hub, kind)
        golden = resolve_id(hub, declared.name, id_)
        with hub.db.session() as conn:
            found = kin.relations(conn, hub, declared, golden)
    rows = [{**one, "evidence": "; ".join(_evidence(each) for each in one["evidence"])} for one in found]
    show(found if as_json else rows, ("id", "type", "evidence"), as_json=as_json, empty="nobody is related to it")


def _evidence(said: Mapping[str, Any]) -> str:
    if said["by"] == "match":
        pair = " and ".join(f"{one['connection']}:{one['external_id']}" for one in said["records"])
        shared = ", ".join(f"{one['name']} {one['level']}" for one in said["comparisons"] if one["weight"] > 0)
        return f"{pair}: {shared or 'a number or a home'}, kept apart by {said['apart']}"
    if said["by"] == "decision":
        return f"{said['author']} said so ({said['id']})"
    return f"a system said so ({said['id']})"
