"""Users: who there is, what is granted to them, where they are signed in; and the acts on one of them."""

from __future__ import annotations

import uuid
from typing import Any

from flask import abort, g, render_template, request

from hub.console import visit
from hub.console.address import id_of
from hub.console.language import _
from hub.console.message import done
from hub.console.route import Route, act
from hub.console.shell import page_url
from hub.console.visit import hub
from hub.errors import ConfigError, NotFoundError
from hub.flow import access, audit, login
from hub.model.identifier import format_id
from hub.model.permission import ALL_REALMS, ROLES, Grant
from hub.store import console_record, place
from hub.store.audit import Filter
from hub.store.person import Person
from hub.store.session import OpenSession

PERMISSION = "access.manage"
RECENT = 10


def list_users() -> Any:
    """Everybody with roles, sessions and last use; and the form for one more."""
    sessions = login.open_sessions(hub())
    seen: dict[uuid.UUID, list[OpenSession]] = {}
    for one in sessions:
        seen.setdefault(one.person_id, []).append(one)
    return render_template(
        "console/users.html",
        users=[(person, grants, seen.get(person.id, [])) for person, grants in access.list_users(hub())],
        command="retail-hub user list",
        **_choices(),
    )


def add_user() -> Any:
    """Makes a user; the first password is on the page that answers, and nowhere else."""
    given = _grant()
    person_id, password = access.create_user(hub(), request.form.get("name", ""), (given,), author=_actor())
    return show_secret(
        _("The user is made"),
        password,
        _("The first password. It must be changed at the first sign-in."),
        page_url("show_user", user_id=format_id("usr", person_id)),
    )


def show_user(user_id: str) -> Any:
    """One user: roles, open sessions, the last acts."""
    person, grants = _user(user_id)
    return render_template(
        "console/user.html",
        person=person,
        user_id=user_id,
        grants=grants,
        sessions=login.open_sessions(hub(), person.id),
        acts=audit.trail(hub(), Filter(actor=user_id), RECENT) if visit.may("audit.see") else [],
        is_mine=person.id == visit.visit().person.id,
        own=visit.visit().digest,
        may_change=_reaches(grants),
        command=f"retail-hub user passwd {person.name}",
        **_choices(),
    )


def show_secret(title: str, secret: str, text: str, back: str) -> Any:
    """The answer that shows a secret this once. Reloading it asks the browser's user first."""
    g.back = back
    return render_template("console/secret.html", heading=title, secret=secret, text=text, back=back)


def reset_password(user_id: str) -> Any:
    """A random password that must be changed; every session of the user ends."""
    person = _for_act(user_id)
    password = access.set_password(hub(), person.name, None, author=_actor())
    text = _("The new password. It must be changed at the next sign-in; open sessions have ended.")
    return show_secret(_("The password is reset"), password, text, _page(user_id))


def disable_user(user_id: str) -> Any:
    """Bars a user; open sessions end at once."""
    access.set_disabled(hub(), _for_act(user_id).name, disabled=True, author=_actor())
    return done(_page(user_id), _("Barred. Open sessions have ended."))


def enable_user(user_id: str) -> Any:
    """Lets a user in again."""
    access.set_disabled(hub(), _for_act(user_id).name, disabled=False, author=_actor())
    return done(_page(user_id), _("May sign in again."))


def end_sessions(user_id: str) -> Any:
    """Ends the user's sessions; of one's own all but this one."""
    person = _for_act(user_id)
    count = access.end_sessions(hub(), person.name, author=_actor(), keep=visit.visit().digest)
    return done(_page(user_id), _("%(n)s sessions ended.", n=count))


def grant_role(user_id: str) -> Any:
    """Grants a role, or changes the locations of one that is granted."""
    access.grant(hub(), _for_act(user_id).name, _grant(), author=_actor())
    return done(_page(user_id), _("Granted. It counts from the next click on."))


def revoke_role(user_id: str) -> Any:
    """Takes a role back."""
    realm = request.form.get("realm", "")
    access.revoke(hub(), _for_act(user_id).name, request.form.get("role", ""), realm, author=_actor())
    return done(_page(user_id), _("Taken back. It counts from the next click on."))


def _grant() -> Grant:
    """The role of the form; 403 when the visitor may not grant in that realm."""
    role, realm = request.form.get("role", ""), request.form.get("realm", "").strip() or ALL_REALMS
    if not visit.may(PERMISSION, realm):
        abort(403, PERMISSION)
    locations = [name.strip() for name in request.form.get("locations", "").replace("\n", ",").split(",")]
    if len(locations) > 100 or any(len(name) > 80 for name in locations):
        raise ConfigError(_("at most 100 locations of at most 80 characters each"))
    return Grant(role, realm, tuple(name for name in locations if name))


def _for_act(user_id: str) -> Person:
    person, grants = _user(user_id)
    if not _reaches(grants):
        abort(403, PERMISSION)
    return person


def _reaches(grants: tuple[Grant, ...]) -> bool:
    # An admin of one realm must not take over a user who may do more than that realm.
    return all(visit.may(PERMISSION, given.realm) for given in grants)


def _user(user_id: str) -> tuple[Person, tuple[Grant, ...]]:
    wanted = id_of(user_id, "usr")
    for person, grants in access.list_users(hub()):
        if person.id == wanted:
            return person, grants
    raise NotFoundError("there is no such user")


def _choices() -> dict[str, Any]:
    allowed = visit.realms(PERMISSION)
    known = console_record.all_realms(hub().db)
    realms = [ALL_REALMS, *known] if allowed is None else allowed
    return {"roles": list(ROLES.values()), "realms": realms, "places": place.known(hub().db)}


def _actor() -> str:
    return visit.visit().principal.actor


def _page(user_id: str) -> str:
    return page_url("show_user", user_id=user_id)


ROUTES = (
    Route("/system/users", list_users, PERMISSION),
    act("/system/users", add_user, PERMISSION),
    Route("/system/users/<user_id>", show_user, PERMISSION),
    act("/system/users/<user_id>/password", reset_password, PERMISSION),
    act("/system/users/<user_id>/disable", disable_user, PERMISSION),
    act("/system/users/<user_id>/enable", enable_user, PERMISSION),
    act("/system/users/<user_id>/sessions", end_sessions, PERMISSION),
    act("/system/users/<user_id>/grant", grant_role, PERMISSION),
    act("/system/users/<user_id>/revoke", revoke_role, PERMISSION),
)
