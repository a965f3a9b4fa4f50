"""Tokens of programs: a list that never shows one, a form that shows one once, and the end of one."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from flask import abort, render_template, request

from hub.console import visit
from hub.console.language import N_, _
from hub.console.message import done
from hub.console.pages.user import PERMISSION, show_secret
from hub.console.route import Route, act
from hub.console.shell import page_url
from hub.console.visit import hub
from hub.flow import access
from hub.model.identifier import format_id
from hub.model.permission import ALL_REALMS, ROLES
from hub.store import console_record
from hub.store.token import Token

LIVES = {"30": N_("30 days"), "90": N_("90 days"), "365": N_("1 year"), "": N_("never")}


def list_tokens() -> Any:
    """Tokens in force first, then those that ended."""
    allowed = visit.realms(PERMISSION)
    now = datetime.now(UTC)
    tokens = [one for one in access.list_tokens(hub()) if allowed is None or one.realm in allowed]
    known = console_record.all_realms(hub().db)
    people = {format_id("usr", person.id): person.name for person, _grants in access.list_users(hub())}
    return render_template(
        "console/tokens.html",
        tokens=sorted(tokens, key=lambda one: not is_live(one, now)),
        is_live=lambda one: is_live(one, now),
        people=people,
        roles=list(ROLES.values()),
        realms=[ALL_REALMS, *known] if allowed is None else allowed,
        lives=LIVES,
        command="retail-hub token list",
    )


def is_live(token: Token, now: datetime) -> bool:
    """Whether it still opens anything."""
    return token.revoked_at is None and (token.expires_at is None or token.expires_at > now)


def add_token() -> Any:
    """Makes a token; its text is on the page that answers, and nowhere else."""
    realm = request.form.get("realm", "").strip() or ALL_REALMS
    life = request.form.get("expires", "90")
    if life not in LIVES:
        abort(400)
    if not visit.may(PERMISSION, realm):
        abort(403, PERMISSION)
    until = datetime.now(UTC) + timedelta(days=int(life)) if life else None
    role, name = request.form.get("role", ""), request.form.get("name", "")
    actor = visit.visit().principal.actor
    _id, text = access.create_token(hub(), role, name, author=actor, realm=realm, expires_at=until)
    hint = _("The token. Programs send it as “Authorization: Bearer …”. The hub keeps only its hash.")
    return show_secret(_("The token is made"), text, hint, page_url("list_tokens"))


def revoke_token(token_id: str) -> Any:
    """Ends a token at once."""
    found = next((one for one in access.list_tokens(hub()) if format_id("tok", one.id) == token_id), None)
    if found is None:
        abort(404)
    if not visit.may(PERMISSION, found.realm):
        abort(403, PERMISSION)
    access.revoke_token(hub(), token_id, author=visit.visit().principal.actor)
    return done(page_url("list_tokens"), _("Revoked: it opens nothing any more."))


ROUTES = (
    Route("/system/tokens", list_tokens, PERMISSION),
    act("/system/tokens", add_token, PERMISSION),
    act("/system/tokens/<token_id>/revoke", revoke_token, PERMISSION),
)
