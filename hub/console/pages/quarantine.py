"""Quarantine by cause: look, rehearse, run again after a fix, or discard."""

from __future__ import annotations

import shlex
from collections import Counter
from collections.abc import Iterable
from typing import Any

from flask import abort, render_template, request

from hub.console import visit
from hub.console.address import id_of
from hub.console.effect import changed_fields
from hub.console.golden import record_url
from hub.console.language import said
from hub.console.mapping_file import excerpt
from hub.console.pages.event import masked_problem
from hub.console.route import Route, act
from hub.console.shell import page_url
from hub.console.visit import hub
from hub.flow import quarantine as acts
from hub.flow import refetch
from hub.flow.replay import Preview
from hub.flow.workbench import topic_key
from hub.model.problem import problem_text
from hub.store import console_event, rerun
from hub.store import console_quarantine as store
from hub.store.rerun import Which

LISTED = 50
FILTERS = ("connection", "cause", "path", "topic")
LONGEST = 300


def list_quarantine() -> Any:
    """One row per cause: what is wrong, where, how often, since when; and what came of running events again."""
    return _list_page(filter_of(request.args), None)


def rehearse_list() -> Any:
    """The same page with what running all that fit its filter again would do now. Changes nothing."""
    wish = filter_of(request.form)
    return _list_page(wish, acts.rehearse(hub(), which_of(wish)))


def _list_page(wish: dict[str, str], preview: Preview | None) -> Any:
    realms = visit.realms("flow.see")
    found = store.groups(hub().db, store.Filter(**wish, realms=realms))
    named = {name: value for name, value in wish.items() if value}
    options = "".join(f" --{name} {shlex.quote(value)}" for name, value in named.items())
    return render_template(
        "console/quarantine.html",
        groups=[(group, _first_problem(group), problem_text(group.cause)) for group in found],
        wish=wish,
        is_filtered=bool(named),
        total=sum(group.count for group in found),
        results=rerun.results(hub().db, realms),
        preview=_preview(preview) if preview else None,
        said=said,
        may_act=_may_act,
        may_act_on_all=bool(found) and all(_may_act(group.connection) for group in found),
        command=f"retail-hub quarantine{options}",
        api="GET /api/v1/quarantine",
    )


def _may_act(connection: str) -> bool:
    return visit.may("flow.operate", hub().connections.by_name(connection).realm)


def filter_of(source: Any) -> dict[str, str]:
    """The filter in an address or a form; empty texts where it does not say."""
    return {name: str(source.get(name, ""))[:LONGEST] for name in FILTERS}


def which_of(wish: dict[str, str]) -> Which:
    """The events that a filter names; 403 as `permitted`."""
    connection_id = hub().connections.by_name(wish["connection"]).id if wish["connection"] else None
    which = Which(None, connection_id, wish["topic"] or None, wish["cause"] or None, wish["path"] or None)
    return permitted(which)


def permitted(which: Which) -> Which:
    """The same; 403 where the visitor may not operate one of these events."""
    if not all(visit.may("flow.operate", realm) for realm in rerun.realms_of(hub().db, which)):
        abort(403, "flow.operate")
    return which


def _first_problem(group: store.Group) -> dict[str, Any]:
    """The first problem of the newest event, its sample value masked."""
    problems = (group.problem or {}).get("problems") or [{}]
    return masked_problem(problems[0])


def show_quarantined(event_id: str) -> Any:
    """One cause: all that is wrong, the mapping's lines, its events, and who waits for them. Named by any of its events."""
    return _group_page(event_id, None)


def rehearse(event_id: str) -> Any:
    """The same page with what running the events again would do now. Changes nothing."""
    key = key_for(event_id, "flow.operate")
    return _group_page(event_id, acts.rehearse(hub(), of_key(key)))


def of_key(key: store.Key) -> Which:
    """All events of a group."""
    return Which(None, key.connection_id, key.topic, key.cause, key.path)


def _group_page(event_id: str, preview: Preview | None) -> Any:
    key, group = _seen(event_id)
    ids, problems = store.members_of(hub().db, of_key(key), LISTED)
    faults = store.faults_of(hub().db, ids)
    shown = ids[:LISTED]
    this = id_of(event_id, "evt")
    about = acts.about(hub(), this)
    return render_template(
        "console/quarantine_cause.html",
        event_id=event_id,
        group=group,
        text=problem_text(group.cause),
        said=said,
        problem=_first_problem(group),
        faults=[(fault, masked_problem({"value": fault.sample, "path": fault.path})["value"]) for fault in faults],
        excerpts=_excerpts(fault.where for fault in faults),
        rows=console_event.rows_of(hub().db, shown),
        problems=problems,
        about=about,
        golden_prefix=hub().registry.kinds[about[0].kind].prefix if about else "",
        can_fetch=refetch.can_fetch(hub(), about[0] if about else None),
        workbench=_workbench(key, event_id),
        may_act=visit.may("flow.operate", key.realm),
        rehearsed=acts.TRIED,
        preview=_preview(preview) if preview else None,
        record_url=record_url,
        command=_command(key),
        api="POST /api/v1/quarantine/run-again",
    )


def _command(key: store.Key) -> str:
    wish = {"connection": key.connection, "cause": key.cause, "path": key.path}
    return "retail-hub quarantine run-again" + "".join(f" --{n} {shlex.quote(v)}" for n, v in wish.items() if v)


def _excerpts(places: Iterable[str]) -> list[tuple[str, list[tuple[int, str, bool]]]]:
    """The lines of the mapping files around each place, each once."""
    return [(place, excerpt(place)) for place in dict.fromkeys(places) if place][:5]


def _workbench(key: store.Key, event_id: str) -> str | None:
    """Where the mapping of these events is tried and changed; None where no file maps them."""
    stream = topic_key(hub(), hub().connections.by_name(key.connection), key.topic)
    if stream is None or not visit.may("payload.masked", key.realm):
        return None
    found: str = page_url("show_mapping", name=key.connection, stream=stream, event=event_id)
    return found


def _preview(found: Preview) -> dict[str, Any]:
    """How many would pass, why the others still would not, and what would change and be sent."""
    codes = Counter(str(one["problems"][0].get("code", "?")) for one in found.problems if one["problems"])
    return {
        "events": found.events,
        "passed": found.events - len(found.problems),
        "codes": codes.most_common(10),
        "changes": [
            (
                change,
                changed_fields(change["kind"], change["fields"][:8], change["before"] or {}, change["after"] or {}),
            )
            for change in found.changes[:10]
            if change["type"] != "merged"
        ],
        "changed": len(found.changes),
        "targets": found.targets,
    }


def _seen(event_id: str) -> tuple[store.Key, store.Group]:
    """The group of the event in the address; 404 when it is not in quarantine or not the visitor's."""
    found = store.group_of(hub().db, id_of(event_id, "evt"))
    if found is None or not visit.may("flow.see", found[0].realm):
        abort(404)
    return found


def key_for(event_id: str, permission: str) -> store.Key:
    """The group of the event in the address; 404 when it is not in quarantine or not the visitor's."""
    key = store.key_of(hub().db, id_of(event_id, "evt"))
    if key is None or not visit.may("flow.see", key.realm):
        abort(404)
    if not visit.may(permission, key.realm):
        abort(403, permission)
    return key


ROUTES = (
    Route("/quarantine", list_quarantine, "flow.see"),
    Route("/quarantine/<event_id>", show_quarantined, "flow.see"),
    act("/quarantine/<event_id>/rehearse", rehearse, "flow.operate"),
    act("/quarantine/rehearse", rehearse_list, "flow.operate"),
)
