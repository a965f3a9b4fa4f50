"""What holds of several acts of consent: by sync it only gets stricter, and only a later act of the person grants.

One rule for a consent record that several sources tell (policy `strictest`) and for what a customer may be sent.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from hub.model.derivation import Data

STRICTEST: Final = ("objected", "withdrawn", "denied", "expired", "granted")
"""States of consent, the strictest first."""
GRANTED: Final = "granted"
EXPIRED: Final = "expired"
COPIES: Final = frozenset({"sync", "import", "backfill"})
"""Ways of capture that are no act of the person."""
REFUSED_AT: Final = "refused_at"
"""Of a refusal, where it is not `captured_at`: until then no grant lifts it."""

Key = tuple[str, ...]
Rank = tuple[int, int, str]
_STANDS, _OWN, _COPIED, _LIFTED, _NOTHING = 4, 3, 2, 1, 0


def consents_of(acts: Iterable[Data]) -> list[dict[str, Any]]:
    """`[{"channel", "purpose", "identity"?, "status", "captured_at"?}]`: what holds now, per number or person.

    Acts only make it stricter, whatever order they came in; a grant lifts a refusal only as a later
    act of the person (it has a time after the refusal's, and is no copy).
    """
    by_key: dict[Key, list[Data]] = {}
    for act in acts:
        if act.get("status") in STRICTEST:
            identity = act.get("identity") or {}
            key = tuple(str(part or "") for part in (
                act.get("channel"), act.get("purpose"), identity.get("namespace"), identity.get("scope"),
                identity.get("value"),
            ))  # fmt: skip
            by_key.setdefault(key, []).append(act)
    return [_shown(_standing(by_key[key])) for key in sorted(by_key)]


def ended(consents: Iterable[Data], identities: Iterable[Data]) -> list[Data]:
    """The same, but what was granted about a number before it became another person's (`until`) is expired."""
    passed = {_number(one): str(one["until"]) for one in identities if one.get("until")}
    return [{**one, "status": EXPIRED} if _has_ended(one, passed) else one for one in consents]


def _has_ended(consent: Data, passed: Mapping[Key, str]) -> bool:
    until = passed.get(_number(consent.get("identity") or {}))
    return until is not None and consent["status"] == GRANTED and _time(consent) <= until


def _number(identity: Data) -> Key:
    return (str(identity.get("namespace") or ""), str(identity.get("value") or ""))


def strictest(statuses: Iterable[str]) -> str | None:
    """The strictest of several states of consent, as of a person and of a number; None of none."""
    return min((each for each in statuses if each in STRICTEST), key=STRICTEST.index, default=None)


def rank_acts(acts: Sequence[Data], bars: Sequence[str] | None = None) -> list[Rank]:
    """A rank for each act, the highest of the one that holds.

    A refusal stands unless the person granted later; of those that stand the strictest comes first, then the latest.
    Then grants of the person, then copied or undated ones, then refusals that were lifted; what is no act comes last.
    `bars`: until when each refusal bars, "" for as long as nobody knows (by default as `barred_until` says).
    """
    since = max((_time(act) for act in acts if is_own_grant(act)), default="")
    return [_rank(act, bar, since) for act, bar in zip(acts, bars or map(barred_until, acts), strict=True)]


def _rank(act: Data, bar: str, since: str) -> Rank:
    status = act.get("status")
    if status not in STRICTEST:
        return (_NOTHING, 0, "")
    if status == GRANTED:
        return (_OWN if is_own_grant(act) else _COPIED, 0, _time(act))
    # A refusal without a time may be the newest of all: nothing is known to lift it.
    return (_STANDS if not bar or bar >= since else _LIFTED, -STRICTEST.index(status), bar)


def standing_until(ranks: Iterable[Rank]) -> str:
    """Until when no grant lifts the refusals that stand: the latest of them; "" where none stands."""
    return max((bar for state, _, bar in ranks if state == _STANDS), default="")


def is_own_grant(act: Data) -> bool:
    """Whether this is an explicit act of the person that may lift a refusal: dated, and not copied from elsewhere."""
    return act.get("status") == GRANTED and bool(_time(act)) and not is_copy(act)


def is_copy(act: Data) -> bool:
    """Whether somebody else's word was copied here."""
    return act.get("captured_via") in COPIES


def barred_until(act: Data) -> str:
    """The time up to which a refusal bars; "" where that is not known."""
    return str(act.get(REFUSED_AT) or act.get("captured_at") or "")


def _standing(acts: Sequence[Data]) -> Data:
    return max(zip(rank_acts(acts), acts, strict=True), key=lambda entry: entry[0])[1]


def _time(act: Data) -> str:
    return str(act.get("captured_at") or "")


def _shown(act: Data) -> dict[str, Any]:
    shown = {name: act.get(name) for name in ("channel", "purpose", "identity", "status", "captured_at")}
    return {name: value for name, value in shown.items() if value is not None}
