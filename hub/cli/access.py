"""Users, roles, tokens and the audit trail: `user`, `token`, `audit`."""

from __future__ import annotations

import sys
from datetime import UTC, datetime, timedelta
from typing import Any

import click

from hub.cli.local import open_hub
from hub.cli.output import json_option, say, show, show_json
from hub.errors import ConfigError
from hub.flow import access
from hub.flow import audit as trail
from hub.model import time
from hub.model.identifier import format_id
from hub.model.permission import ALL_REALMS, ROLES, Grant

AUTHOR = "cli"
_ROLE = click.Choice(list(ROLES))
_UNITS = {"h": "hours", "d": "days", "w": "weeks"}


@click.group()
def user() -> None:
    """Keep the users of the console.

    \b
    Example:
      retail-hub user add lina --role steward
    """


@user.command("add")
@click.argument("name")
@click.option("--role", type=_ROLE, required=True, help="What the user may do.")
@click.option("--realm", default=ALL_REALMS, show_default=True, help="Where: one realm, or * for all.")
@click.option("--location", "locations", multiple=True, help="Only records of this location; repeat for more.")
@json_option
def add_user(name: str, role: str, realm: str, locations: tuple[str, ...], as_json: bool) -> None:
    """Add a user and print the first password, which must be changed at the first login.

    \b
    Example:
      retail-hub user add lina --role steward --realm tea
    """
    with open_hub() as hub:
        person_id, password = access.create_user(hub, name, (Grant(role, realm, locations),), author=AUTHOR)
    if as_json:
        show_json({"id": format_id("usr", person_id), "name": access.clean_name(name), "password": password})
    else:
        say("The first password, shown this once:")
        click.echo(password)


@user.command("list")
@json_option
def list_users(as_json: bool) -> None:
    """List users and their roles.

    \b
    Example:
      retail-hub user list --json
    """
    with open_hub() as hub:
        found = access.list_users(hub)
    rows: list[dict[str, Any]] = [
        {
            "id": format_id("usr", person.id),
            "name": person.name,
            "roles": [_shown(given) for given in grants],
            "disabled": person.disabled_at is not None,
            "created_at": person.created_at,
        }
        for person, grants in found
    ]
    show(rows, ["name", "roles", "disabled", "id"], as_json=as_json, empty="no users: start the hub once")


@user.command("passwd")
@click.argument("name")
@click.option("--ask", is_flag=True, help="Type the new password instead of having one made.")
def set_password(name: str, ask: bool) -> None:
    """Give a user a new password; open sessions end.

    \b
    Example:
      retail-hub user passwd lina
    """
    typed = click.prompt("New password", hide_input=True, confirmation_prompt=True) if ask else None
    with open_hub() as hub:
        password = access.set_password(hub, name, typed, author=AUTHOR)
    if not ask:
        say("The new password, shown this once; it must be changed at the next login:")
        click.echo(password)


@user.command("disable")
@click.argument("name")
@click.option("--undo", is_flag=True, help="Let the user in again.")
def disable_user(name: str, undo: bool) -> None:
    """Bar a user; open sessions end at once.

    \b
    Example:
      retail-hub user disable lina
    """
    with open_hub() as hub:
        access.set_disabled(hub, name, disabled=not undo, author=AUTHOR)


@user.command("grant")
@click.argument("name")
@click.option("--role", type=_ROLE, required=True, help="The role to grant.")
@click.option("--realm", default=ALL_REALMS, show_default=True, help="Where: one realm, or * for all.")
@click.option("--location", "locations", multiple=True, help="Only records of this location; repeat for more.")
@click.option("--revoke", is_flag=True, help="Take the role back instead.")
def grant_role(name: str, role: str, realm: str, locations: tuple[str, ...], revoke: bool) -> None:
    """Grant a role, change its locations, or take it back.

    \b
    Example:
      retail-hub user grant lina --role operator --realm tea
    """
    with open_hub() as hub:
        if revoke:
            access.revoke(hub, name, role, realm, author=AUTHOR)
        else:
            access.grant(hub, name, Grant(role, realm, locations), author=AUTHOR)


@click.group()
def token() -> None:
    """Keep the access tokens of programs.

    \b
    Example:
      retail-hub token create --role viewer --name reports
    """


@token.command("create")
@click.option("--role", type=_ROLE, required=True, help="What the program may do.")
@click.option("--name", required=True, help="What it is used for.")
@click.option("--realm", default=ALL_REALMS, show_default=True, help="Where: one realm, or * for all.")
@click.option("--expires", help="When it ends: 12h, 30d, 8w, or a time like 2027-01-01T00:00:00Z. Never, if left out.")
@json_option
def create_token(role: str, name: str, realm: str, expires: str | None, as_json: bool) -> None:
    """Make a token and print it; it is shown this once and kept nowhere.

    \b
    Example:
      retail-hub token create --role viewer --name reports --expires 90d
    """
    until = None if expires is None else read_expiry(expires, datetime.now(UTC))
    with open_hub() as hub:
        token_id, text = access.create_token(hub, role, name, author=AUTHOR, realm=realm, expires_at=until)
    if as_json:
        show_json({"id": token_id, "token": text, "role": role, "name": name, "realm": realm, "expires_at": until})
    else:
        click.echo(text)


@token.command("list")
@json_option
def list_tokens(as_json: bool) -> None:
    """List tokens, ended ones too; never their text.

    \b
    Example:
      retail-hub token list
    """
    with open_hub() as hub:
        found = access.list_tokens(hub)
    rows = [
        {
            "id": format_id("tok", known.id),
            "name": known.name,
            "role": known.role,
            "realm": known.realm,
            "created_by": known.created_by,
            "created_at": known.created_at,
            "expires_at": known.expires_at,
            "revoked_at": known.revoked_at,
            "seen_at": known.seen_at,
        }
        for known in found
    ]
    show(
        rows, ["id", "name", "role", "realm", "expires_at", "revoked_at", "seen_at"], as_json=as_json, empty="no tokens"
    )


@token.command("revoke")
@click.argument("id")
def revoke_token(id: str) -> None:  # noqa: A002 -- the argument's name as the user sees it
    """End a token at once.

    \b
    Example:
      retail-hub token revoke tok_01J8Z3K9M4Q7R2T5V6W8X9Y0Z1
    """
    with open_hub() as hub:
        access.revoke_token(hub, id, author=AUTHOR)


@click.group()
def audit() -> None:
    """Look after the trail of what people and tokens did.

    \b
    Example:
      retail-hub audit verify
    """


@audit.command("verify")
@json_option
def verify_audit(as_json: bool) -> None:
    """Follow the chain of hashes; exit code 1 when a row was changed or removed.

    \b
    Example:
      retail-hub audit verify --json
    """
    with open_hub() as hub:
        chain = trail.verify(hub)
    if as_json:
        show_json({"ok": chain.broken_at is None, "rows": chain.rows, "head": chain.head, "broken_at": chain.broken_at})
    elif chain.broken_at is None:
        click.echo(f"{chain.rows} rows fit; the head is {chain.head}")
    else:
        say(f"error: row {chain.broken_at} was changed, or one before it removed; the {chain.rows} rows before fit")
    if chain.broken_at is not None:
        sys.exit(1)


def read_expiry(text: str, now: datetime) -> datetime:
    """A moment from `12h`, `30d`, `8w` (from `now`) or an RFC 3339 time; `ConfigError` otherwise."""
    number, unit = text[:-1], text[-1:]
    if unit in _UNITS and number.isascii() and number.isdigit() and 0 < int(number) < 10_000:
        return now + timedelta(**{_UNITS[unit]: int(number)})
    try:
        return time.parse(text)
    except ValueError as error:
        raise ConfigError(f"--expires {error}; or a span: 12h, 30d, 8w") from None


def _shown(given: Grant) -> str:
    where = "" if given.realm == ALL_REALMS else f"@{given.realm}"
    return f"{given.role}{where}" + (f" ({', '.join(given.locations)})" if given.locations else "")
