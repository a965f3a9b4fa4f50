"""Names instead of pseudonyms: who ruled, pinned, revealed."""

from __future__ import annotations

import time
import uuid
from collections.abc import Iterable

from hub.console.language import _
from hub.console.visit import hub
from hub.errors import ConfigError
from hub.model.identifier import parse_id
from hub.store import person

KEPT_S = 60.0
MOST = 2000
# Names change seldom: asking once a minute keeps every page a statement shorter.
_known: dict[tuple[int, uuid.UUID], tuple[str, float]] = {}


def names_of(actors: Iterable[str | None]) -> dict[str, str]:
    """Actor (`usr_…`, `tok_…`, `cli:anna`, `hub`) -> what people call them; who is not known keeps the pseudonym."""
    found, asked = {}, {}
    for actor in {actor for actor in actors if actor}:
        found[actor] = _("the hub") if actor == "hub" else actor
        if actor.startswith("usr_"):
            try:
                asked[actor] = parse_id(actor)[1]
            except ConfigError:
                continue
    found.update(_names(asked))
    return found


def name_of(actor: str | None) -> str:
    """What one actor is called."""
    return names_of([actor]).get(actor or "", "—")


def _names(asked: dict[str, uuid.UUID]) -> dict[str, str]:
    now, of = time.monotonic(), id(hub().db)
    missing = [id_ for id_ in asked.values() if _known.get((of, id_), ("", 0.0))[1] < now]
    if missing:
        if len(_known) > MOST:
            _known.clear()
        with hub().db.session() as conn:
            names = person.names(conn, missing)
        _known.update({(of, id_): (name, now + KEPT_S) for id_, name in names.items()})
    return {actor: _known[of, id_][0] for actor, id_ in asked.items() if (of, id_) in _known}
