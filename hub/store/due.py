"""What is due: the questions of the scheduler and of `drain`, answered from indexes alone."""

from __future__ import annotations

from hub.store import errand
from hub.store.database import Database
from hub.store.run import WAITING_REPLAY

_DUE = {
    "pipeline": """
        select exists (
            select from event_work w join connection c on c.id = w.connection_id where w.state = 0 and not c.halted_in
        ) or exists (select from resolve_work)""",
    # Phases and mass causes are moved on by whoever delivers.
    "deliver": """
        select exists (
            select from target t join connection c on c.id = t.connection_id
            where t.dirty_seq > t.done_seq and t.state = 'due' and t.plan_id is null
              and coalesce(t.wait_until, t.dirty_at) <= now() and (t.lease_until is null or t.lease_until <= now())
              and c.phase = 'live' and not c.halted_out and c.paused_at is null and c.disconnected_at is null
        ) or exists (
            select from target t join connection c on c.id = t.connection_id
            where t.verify_at <= now() and t.state = 'due' and t.plan_id is null
              and (t.lease_until is null or t.lease_until <= now())
              and c.phase = 'live' and not c.halted_out and c.paused_at is null and c.disconnected_at is null
        ) or exists (select from plan where state = 'counting')
          or exists (select from connection where phase = 'reading' and paused_at is null and disconnected_at is null)""",
    "poll": """
        select exists (
            select from cursor s join connection c on c.id = s.connection_id
            where s.next_poll_at <= now() and (s.lease_until is null or s.lease_until <= now())
              and c.phase <> 'off' and not c.halted_in and c.paused_at is null and c.disconnected_at is null
        ) or exists (
            select from notice n join connection c on c.id = n.connection_id
            where n.due_at <= now()
              and c.phase <> 'off' and not c.halted_in and c.paused_at is null and c.disconnected_at is null
        ) or exists (select from run where {replay} or {errand})""".replace("{replay}", WAITING_REPLAY).replace(
        "{errand}", errand.WAITING
    ),
}

_PENDING = """
    select
        (select count(*) from event_work w join connection c on c.id = w.connection_id
          where w.state = 0 and not c.halted_in) as events,
        (select count(*) from resolve_work) as marks,
        (select count(*) from plan where state = 'counting') as causes,
        (select count(*) from target t join connection c on c.id = t.connection_id
          where (t.dirty_seq > t.done_seq or t.verify_at <= now()) and t.state = 'due' and t.plan_id is null
            and c.phase = 'live' and not c.halted_out and c.paused_at is null and c.disconnected_at is null
        ) as deliveries,
        (select count(*) from notice n join connection c on c.id = n.connection_id
          where c.phase <> 'off' and not c.halted_in and c.paused_at is null and c.disconnected_at is null
        ) as notices
"""

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
    """How much is under way or waits for a worker: `events, marks, causes, deliveries, notices`.

    What waits for a person (quarantine, plans, halted or paused connections, dead letters) is not pending.
    """
    row = db.one(_PENDING) or (0, 0, 0, 0, 0)
    return dict(zip(("events", "marks", "causes", "deliveries", "notices"), row, strict=True))


def held(db: Database) -> dict[str, int]:
    """Deliveries that wait because their connection is paused or halted: connection name -> how many."""
    return dict(db.all(_HELD))
