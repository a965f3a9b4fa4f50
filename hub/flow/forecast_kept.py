"""A forecast as it is kept with its run: personal values masked, so that no run holds what somebody asks to be forgotten."""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from hub.flow.forecast import Fault, Forecast, Sample, Tally
from hub.model.kind import Kind
from hub.model.mask import mask_field, mask_raw


def kept(found: Forecast, kinds: Mapping[str, Kind]) -> dict[str, Any]:
    """A forecast as JSON: counts as they are, values masked."""
    return {
        "looked": found.looked,
        "is_cut": found.is_cut,
        "mended": found.mended,
        "faults": [
            [one.code, one.path, one.where, one.message, str(one.event), one.count, one.aside] for one in found.faults
        ],
        "golden": {kind: _tally(tally, kinds, kinds.get(kind)) for kind, tally in found.golden.items()},
        "outgoing": {name: _tally(tally, kinds, None) for name, tally in found.outgoing.items()},
    }


def restored(stored: Mapping[str, Any]) -> Forecast:
    """The forecast that was kept so; its values are masked."""
    faults = [
        Fault(code, path, where, message, uuid.UUID(event), count, aside)
        for code, path, where, message, event, count, aside in stored["faults"]
    ]
    sides = [{name: _read(one) for name, one in stored[part].items()} for part in ("golden", "outgoing")]
    return Forecast(stored["looked"], stored["is_cut"], stored["mended"], faults, *sides)


def masked_shape(kinds: Iterable[Kind], name: str, value: Any) -> Any:
    """A value under a system's own name: as the field of that name is masked, where a kind has a personal one, else by its shape."""
    for kind in kinds:
        field = kind.by_name.get(name)
        if field is not None and field.pii != "none":
            return mask_field(field, name, value)
    return mask_raw(value, name)


def _tally(tally: Tally, kinds: Mapping[str, Kind], kind: Kind | None) -> dict[str, Any]:
    def masked(name: str, value: Any) -> Any:
        if kind is None:
            return masked_shape(kinds.values(), name, value)
        return mask_field(kind.by_name.get(name), name, value)

    samples = [
        [str(one.id), one.field, masked(one.field, one.before), masked(one.field, one.after)] for one in tally.samples
    ]
    return {"acts": dict(tally.acts), "fields": dict(tally.fields), "samples": samples}


def _read(stored: Mapping[str, Any]) -> Tally:
    samples = [Sample(uuid.UUID(id_), *rest) for id_, *rest in stored["samples"]]
    return Tally(Counter(stored["acts"]), Counter(stored["fields"]), samples)
