"""Survivorship policies that plugins bring: what they are shown, and what counts where one fails."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from typing import Any

from hub.rules.candidate import Candidate
from hub.rules.worth import proof
from hub.sdk.plugin import Word

Preference = Callable[[Sequence[Word]], Sequence[Any]]
log = logging.getLogger(__name__)


def guarded(name: str, preference: Preference) -> Callable[[Sequence[Candidate]], Sequence[Any] | None]:
    """The policy as survivorship asks it: None where it raises, gives too few keys, or such that cannot be compared."""

    def prefer(found: Sequence[Candidate]) -> Sequence[Any] | None:
        try:
            given = list(preference([_shown(one) for one in found]))
            sorted(given)
        except Exception as error:  # noqa: BLE001 -- a plugin's function may raise anything
            log.warning("the policy %s failed: %s", name, type(error).__name__)
            return None
        if len(given) != len(found):
            log.warning("the policy %s gave %d keys for %d words", name, len(given), len(found))
            return None
        return given

    return prefer


def _shown(one: Candidate) -> Word:
    values = dict(one.values)
    return Word(one.source.connection, one.source.external_id, values, one.since, not one.weak, proof(values.values()))
