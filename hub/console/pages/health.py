"""Health: who works, what waits, what the hub stands on."""

from __future__ import annotations

from typing import Any

from flask import g, render_template

from hub.console.language import N_, _
from hub.console.route import Route
from hub.console.visit import hub
from hub.flow import health, job
from hub.flow.alert_facts import JOB_FAILURES as FAILING
from hub.flow.health import Check

TITLES = {
    "workers": N_("Workers"),
    "inbox": N_("Inbox"),
    "due": N_("Deliveries due"),
    "leases": N_("Leases"),
    "redis": N_("Redis"),
    "database": N_("Database"),
    "disk": N_("Disk"),
    "clock": N_("Clocks of hub and database"),
    "rules": N_("Rules in force"),
    "broken": N_("Plugins"),
    "plugin": N_("Plugin"),
}
ADVICE = {
    "workers": N_("Start what is missing: retail-hub worker, retail-hub scheduler."),
    "inbox": N_("Are the workers running, and is no connection halted?"),
    "due": N_("Look at the deliveries: a system may be slow, or refuse."),
    "leases": N_("A worker may hang; its batch is taken over by itself within seconds."),
    "redis": N_("Nothing is lost without it, but work starts later. It should not evict keys, and be able to write."),
    "database": N_("Run retail-hub migrate; end transactions that have been open for long."),
    "disk": N_("Make room, or move the data folder."),
    "clock": N_("Synchronise the clocks (NTP): times and leases depend on them."),
    "rules": N_("Install the same version everywhere, or run retail-hub release activate."),
    "broken": N_("See the plugins page for the reason and what to do."),
    "plugin": N_("Ask its author."),
}


def show_health() -> Any:
    """Every check with its figures, the worst first; workers; versions."""
    found = health.look(hub())
    order = {"bad": 0, "warn": 1, "ok": 2}
    return render_template(
        "console/health.html",
        health=found,
        checks=sorted(((check, sentence(check)) for check in found.checks), key=lambda pair: order[pair[0].state]),
        titles=TITLES,
        advice=ADVICE,
        jobs=job.overview(hub()),
        state_of_job=_state_of_job,
        system_of=_system_of,
        command="retail-hub health",
    )


def _state_of_job(row: job.JobRow) -> str:
    """A code of `hub.console.status`."""
    if row.lease_until is not None and row.lease_until > g.fmt.now:
        return "running"
    if row.ended_at is None:
        return "due"
    return "act" if row.failures >= FAILING else "retry" if row.failures else "fine"


def _system_of(row: job.JobRow) -> str:
    """The connection that a job is for; empty when it is for the whole hub."""
    return "" if row.connection_id is None else hub().connections.by_id(row.connection_id).name


def sentence(check: Check) -> str:
    """The figures of a check as one line of text."""
    facts, fmt = check.facts, g.fmt
    if check.code == "workers":
        return _workers(facts)
    if check.code in ("inbox", "due"):
        return _queue(check)
    if check.code == "leases":
        text = _(
            "batches under way: %(batches)s · deliveries held: %(targets)s · streams held: %(streams)s",
            **_numbers(facts),
        )
        age = facts["oldest_batch_s"]
        return text + (" · " + _("oldest batch %(age)s", age=fmt.duration(age)) if age else "")
    if check.code == "redis":
        return _redis(facts)
    if check.code == "database":
        return _("%(size)s · %(n)s connections · schema %(schema)s", size=fmt.size(facts["bytes"]), n=facts["connections"], schema=facts["schema"])  # fmt: skip
    if check.code == "disk":
        return _("%(free)s free of %(total)s", free=fmt.size(facts["free_bytes"]), total=fmt.size(facts["total_bytes"]))
    if check.code == "clock":
        return _("%(n)s s apart", n=fmt.number(facts["skew_s"]))
    if check.code == "rules":
        return _("release %(n)s", n=facts["release"] or "—")
    if check.code == "broken":
        return ", ".join(facts["plugins"]) or _("all loaded")
    return " · ".join(str(value) for value in facts.values())


def _workers(facts: dict[str, Any]) -> str:
    if facts["count"] is None:
        return _("Redis does not answer, so nobody knows who works.")
    if facts["missing"]:
        return _("missing: %(names)s", names=", ".join(facts["missing"]))
    return _("%(n)s at work, every role is there", n=facts["count"])


def _queue(check: Check) -> str:
    facts, age = check.facts, check.facts["oldest_s"]
    if check.code == "inbox":
        text = _("events waiting: %(n)s · records to resolve: %(marks)s", n=g.fmt.number(facts["waiting"]), marks=g.fmt.number(facts["marks"]))  # fmt: skip
    else:
        text = _("%(n)s due", n=g.fmt.number(facts["due"]))
    return text + (" · " + _("the oldest for %(age)s", age=g.fmt.duration(age)) if age is not None else "")


def _redis(facts: dict[str, Any]) -> str:
    if not facts["up"]:
        return _("does not answer")
    kept = _("written to disk") if facts["persistent"] else _("kept in memory only")
    return f"{kept} · {facts['policy']} · {g.fmt.size(facts['bytes'])}"


def _numbers(facts: dict[str, Any]) -> dict[str, str]:
    return {name: g.fmt.number(value) for name, value in facts.items() if isinstance(value, int)}


ROUTES = (Route("/system/health", show_health, "flow.see"),)
