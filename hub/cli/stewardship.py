"""`merge`, `split`, `pin`, `unpin`, `choose`, `undo`: a steward's acts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import UUID

import click

from hub.cli.local import open_hub
from hub.cli.output import json_option, show_json, show_one
from hub.cli.records import kind_of, operator

if TYPE_CHECKING:
    from hub.flow.context import Hub

reason_option = click.option("--reason", default="", help="Why; kept with the decision.")


def _show_act(act: UUID, as_json: bool, **more: Any) -> None:
    from hub.model.identifier import format_id

    shown = {"act": format_id("dec", act), **more}
    if as_json:
        show_json(shown)
    else:
        show_one({**shown, "undo with": f"retail-hub undo {shown['act']}"})


def _source_key(option: str, text: str) -> tuple[str, str]:
    connection, colon, external_id = text.partition(":")
    if not colon or not external_id:
        raise click.UsageError(f"{option} must look like CONNECTION:EXTERNAL_ID")
    return connection, external_id


def _golden(hub: Hub, kind: str, rid: UUID) -> str:
    from hub.flow.stewardship import golden_of
    from hub.model.identifier import format_id

    return format_id(hub.registry.kinds[kind].prefix, golden_of(hub, rid))


@click.command()
@click.argument("kind")
@click.argument("ids", nargs=-1, required=True, metavar="ID ID ...")
@reason_option
@json_option
def merge(kind: str, ids: tuple[str, ...], reason: str, as_json: bool) -> None:
    """Rule that several golden records are one. It stays so, whatever the systems send, until it is undone.

    \b
    Example:
      retail-hub merge customer cus_01JD3W8Z5V0000000000000000 cus_01JD3W8Z5W0000000000000000
    """
    if len(ids) < 2:
        raise click.UsageError("name at least two records to merge")
    with open_hub() as hub:
        from hub.flow import stewardship

        name = kind_of(hub, kind).name
        rids = [stewardship.resolve_id(hub, name, text) for text in ids]
        act = stewardship.merge(hub, name, rids, operator(), reason)
        _show_act(act, as_json, id=_golden(hub, name, rids[0]))


@click.command()
@click.argument("kind")
@click.argument("id_", metavar="ID")
@click.option("--source", required=True, metavar="CONNECTION:EXTERNAL_ID", help="The source record to take out.")
@click.option(
    "--from", "apart_from", default="", metavar="CONNECTION:EXTERNAL_ID", help="Part it between --source and this one."
)
@reason_option
@json_option
def split(kind: str, id_: str, source: str, apart_from: str, reason: str, as_json: bool) -> None:
    """Rule that one source record is somebody else than the rest of its golden record.

    With --from it is parted between the two: every other source stays with the one that it is tied to most strongly.

    \b
    Example:
      retail-hub split customer cus_01JD3W8Z5V0000000000000000 --source shop:7064
    """
    own, other = _source_key("--source", source), _source_key("--from", apart_from) if apart_from else None
    with open_hub() as hub:
        from hub.flow import cut, stewardship

        name = kind_of(hub, kind).name
        rid = stewardship.resolve_id(hub, name, id_)
        if other is None:
            act = stewardship.split(hub, name, rid, *own, operator(), reason)
        else:
            act = cut.cut_between(hub, name, rid, own, other, operator(), reason)
        _show_act(act, as_json, id=_golden(hub, name, rid))


@click.command()
@click.argument("kind")
@click.argument("id_", metavar="ID")
@click.argument("field")
@click.argument("value")
@reason_option
@json_option
def pin(kind: str, id_: str, field: str, value: str, reason: str, as_json: bool) -> None:
    """Fix a field, whatever the systems say. VALUE is text, or JSON for money, lists and objects; null clears it.

    \b
    Example:
      retail-hub pin customer cus_01JD3W8Z5V0000000000000000 full_name 王小明 --reason "asked by phone"
    """
    with open_hub() as hub:
        from hub.flow import stewardship

        declared = kind_of(hub, kind)
        rid = stewardship.resolve_id(hub, declared.name, id_)
        read = _read(value, declared.field(field).type)
        _show_act(stewardship.pin(hub, declared.name, rid, field, read, operator(), reason), as_json)


@click.command()
@click.argument("kind")
@click.argument("id_", metavar="ID")
@click.argument("field")
@click.option("--source", required=True, metavar="CONNECTION:EXTERNAL_ID", help="The source record whose value stands.")
@reason_option
@json_option
def choose(kind: str, id_: str, field: str, source: str, reason: str, as_json: bool) -> None:
    """Take one source's value of a field, for as long as no source says anything new of it. Settles a conflict.

    \b
    Example:
      retail-hub choose customer cus_01JD3W8Z5V0000000000000000 language --source shop:7064
    """
    connection, colon, external_id = source.partition(":")
    if not colon or not external_id:
        raise click.UsageError("--source must look like CONNECTION:EXTERNAL_ID")
    with open_hub() as hub:
        from hub.flow import settle, stewardship

        name = kind_of(hub, kind).name
        rid = stewardship.resolve_id(hub, name, id_)
        _show_act(settle.choose(hub, name, rid, field, connection, external_id, operator(), reason), as_json)


def _read(value: str, type_: str) -> Any:
    import orjson

    if value == "null":
        return None
    if type_ in ("text", "enum", "time", "date", "decimal"):
        return value
    try:
        return orjson.loads(value)
    except orjson.JSONDecodeError as error:
        raise click.UsageError(f"VALUE of a {type_} field must be JSON: {error}") from None


@click.command()
@click.argument("kind")
@click.argument("id_", metavar="ID")
@click.argument("field")
@reason_option
def unpin(kind: str, id_: str, field: str, reason: str) -> None:
    """Let the systems decide a field again.

    \b
    Example:
      retail-hub unpin customer cus_01JD3W8Z5V0000000000000000 full_name
    """
    with open_hub() as hub:
        from hub.flow import stewardship

        name = kind_of(hub, kind).name
        stewardship.unpin(hub, name, stewardship.resolve_id(hub, name, id_), field, operator(), reason)


@click.command()
@click.argument("act", metavar="ACT")
@reason_option
def undo(act: str, reason: str) -> None:
    """Undo a merge, a split, a pin or a choice, or lift a freeze. Golden records and ids return to what they would be without it.

    \b
    Example:
      retail-hub undo dec_01JD3W8Z5V0000000000000000
    """
    with open_hub() as hub:
        from hub.flow import stewardship
        from hub.model.identifier import parse_id

        stewardship.undo(hub, parse_id(act)[1], operator(), reason)
