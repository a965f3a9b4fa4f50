"""What is due: the questions of the scheduler and of `drain`, answered from indexes alone."""

from __future__ import annotations

from hub.store.database import Database

_OPEN = "c.paused_at is null and c.disconnected_at is null"

_DUE = {
    "pipeline": "select exists (select from event_work where state = 0) or exists (select from resolve_work)",
    "deliver": f"""
        select exists (
            select from target t join connection c on c.id = t.connection_id
            where t.dirty_seq > t.done_seq and t.state = 'due' and t.plan_id is null
              and (t.wait_until is null or t.wait_until <= now())
              and (t.lease_until is null or t.lease_until <= now())
              and {_OPEN} and not c.halted_out and c.phase = 'live'
        ) or exists (
            select from target t join connection c on c.id = t.connection_id
            where t.verify_at <= now() and {_OPEN} and not c.halted_out and c.phase = 'live'
        )""",  # noqa: S608
    "poll": f"""
        select exists (
            select from cursor s join connection c on c.id = s.connection_id
            where s.next_poll_at <= now() and (s.lease_until is null or s.lease_until <= now())
              and {_OPEN} and not c.halted_in
        )""",  # noqa: S608
}

_PENDING = f"""
    select
        (select count(*) from event_work w join connection c on c.id = w.connection_id
          where w.state = 0 and {_OPEN} and not c.halted_in) as events,
        (select count(*) from resolve_work) as marks,
        (select count(*) from target t join connection c on c.id = t.connection_id
          where t.dirty_seq > t.done_seq and t.state = 'due' and t.plan_id is null
            and {_OPEN} and not c.halted_out and c.phase = 'live') as deliveries,
        (select count(*) from attempt where ended_at is null) as attempts
"""  # noqa: S608

_HELD = """
    select c.name, count(*) from target t join connection c on c.id = t.connection_id
    where t.dirty_seq > t.done_seq and t.state = 'due' and t.plan_id is null
      and (c.paused_at is not null or c.halted_out)
    group by c.name order by c.name
"""


def is_due(db: Database, role: str) -> bool:
    """Whether `role` (`pipeline, deliver, poll`) has something to do now."""
    return (db.one(_DUE[role]) or (False,))[0] is True


def pending(db: Database) -> dict[str, int]:
    """How much is under way or waits for a worker: `events, marks, deliveries, attempts`.

    What waits for a person (quarantine, plans, paused or halted connections, dead letters) is not pending.
    """
    row = db.one(_PENDING) or (0, 0, 0, 0)
    return dict(zip(("events", "marks", "deliveries", "attempts"), row, strict=True))


def held(db: Database) -> dict[str, int]:
    """Deliveries that wait because their connection is paused or halted: connection name -> how many."""
    return dict(db.all(_HELD))
