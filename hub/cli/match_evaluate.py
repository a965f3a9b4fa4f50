"""`match evaluate`: the clusters that the hub holds against known truth."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from hub.cli.act import ACTOR
from hub.cli.local import open_hub
from hub.cli.output import json_option, progress, say, show_json, show_one
from hub.errors import ConfigError

if TYPE_CHECKING:
    from hub.flow.context import Hub
    from hub.flow.ingest import Summary
    from hub.flow.match_judge import Judgement, Tally

_STEP_S = 0.1
_STILL_S = 20.0
_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.command()
@click.option(
    "--truth", required=True, metavar="T.csv", type=_FILE, help="Columns source (connection), external_id, person."
)
@click.option(
    "--records", metavar="R.ndjson", type=_FILE, help="Ingest these envelopes first; repeated, nothing is twice."
)
@click.option("--connect", "is_connected", is_flag=True, help="Connect the systems of R that are not connected yet.")
@click.option("--kind", default="customer", show_default=True, metavar="KIND", help="Of this kind.")
@click.option("--topic", metavar="T", help="Topic of lines of R that do not say it.")
@click.option(
    "--timeout", "timeout_s", type=click.FloatRange(min=0), default=1800.0, show_default=True, help="Seconds to wait."
)
@json_option
def evaluate(
    truth: Path, records: Path | None, is_connected: bool, kind: str, topic: str | None, timeout_s: float, as_json: bool
) -> None:
    """Say how right the hub's clusters are: precision, recall and F1 over all pairs of records, after closure.

    Waits until the workers have nothing left to link. Exit code 1 when they do not get there, when a line of R cannot be
    read, or when nothing of the truth is there.

    \b
    Example:
      retail-hub match evaluate --truth people.csv --records people.ndjson --connect
    """
    from hub.flow import match_judge as flow

    with open_hub() as hub:
        summary = _ingest(hub, records, topic, kind, is_connected=is_connected) if records is not None else None
        await_links(hub, timeout_s)
        with truth.open(encoding="utf-8-sig", newline="") as file:
            found = flow.judge(hub, kind, flow.read_truth(file, truth.name))
    if as_json:
        show_json({**told(found), **({"ingested": summary.counts} if summary else {})})
    else:
        _show(found)
    if summary is not None:
        _require_clean(summary)
    if found.held == 0:
        raise ConfigError(
            "the hub holds no record of the truth: does its column `source` name connections, and are the records in?"
        )


def await_links(hub: Hub, timeout_s: float) -> None:
    """Waits until no event and no mark is left; `ConfigError` with what is left when the time is over."""
    from hub.store.due import pending

    deadline = time.monotonic() + timeout_s
    before, since = -1, time.monotonic()
    with progress("still to be linked") as line:
        while left := {name: n for name, n in pending(hub.db).items() if name in ("events", "marks") and n}:
            if time.monotonic() > deadline:
                still = ", ".join(f"{count} {name}" for name, count in left.items())
                raise ConfigError(
                    f"still pending after {timeout_s:g} s: {still}; is a worker running (`retail-hub run`)?"
                )
            line.done = sum(left.values())
            line.step(0)
            if line.done != before:
                before, since = line.done, time.monotonic()
            elif time.monotonic() - since > _STILL_S:
                say(f"{line.done} wait and none gets less: is a worker running (`retail-hub run`)? Waiting on")
                since = deadline
            time.sleep(_STEP_S)


def _ingest(hub: Hub, path: Path, topic: str | None, kind: str, *, is_connected: bool) -> Summary:
    from hub.flow import ingest, match_intake
    from hub.flow.line import read_lines

    limit = hub.settings.body_limit_bytes
    with path.open("rb") as file:
        names = match_intake.systems(read_lines(file, limit))
    if is_connected:
        for name in match_intake.connect(hub, names, kind, ACTOR):
            say(f"{name} is connected, to be read from")
    match_intake.require(hub, names, kind)
    with path.open("rb") as file, progress("ingested", names.total()) as line:

        def step(found: Summary) -> None:
            line.step(found.accepted + found.duplicates + found.refused - line.done, f"{found.refused} refused")

        summary = ingest.ingest(hub, None, read_lines(file, limit), topic, file=path.name, progress=step)
    say(f"{summary.accepted} accepted, {summary.duplicates} duplicates, {summary.refused} refused")
    return summary


def _require_clean(summary: Summary) -> None:
    if not summary.is_clean:
        wrong = [*summary.refusals, *summary.set_aside][0]
        count = summary.refused + summary.quarantined
        raise ConfigError(f"{count} lines of the records cannot be used, the first is {wrong.line}: {wrong.reason}")


def told(found: Judgement) -> dict[str, Any]:
    """A judgement as one object."""
    tally, standing = found.tally, found.standing
    clusters = len(tally.clusters)
    return {
        "kind": found.kind,
        **_figures(tally),
        "at_review": _figures(found.doubtful),
        "records": tally.persons.total(),
        "persons": len(tally.persons),
        "clusters": clusters,
        "mixed_clusters": tally.mixed,
        "mixed_share": round(tally.mixed / clusters, 6) if clusters else 0.0,
        "missing": found.missing,
        "missing_examples": [{"source": one.source, "external_id": one.external_id} for one in found.examples],
        "not_connected": dict(found.strangers),
        "unknown": found.unknown,
        "thresholds": {"auto": found.auto, "review": found.review},
        "release": found.release,
        "compared": standing.compared,
        "edges": {"auto": standing.sure, "review": standing.doubtful, "household": standing.households},
        "questions": standing.questions,
    }


def _figures(tally: Tally) -> dict[str, Any]:
    return {
        "precision": round(tally.precision, 6),
        "recall": round(tally.recall, 6),
        "f1": round(tally.f1, 6),
        "pairs": {"true": tally.true, "found": tally.found, "right": tally.right},
    }


def _show(found: Judgement) -> None:
    tally, more, standing = found.tally, found.doubtful, found.standing
    shown: dict[str, Any] = {
        "precision": f"{tally.precision:.4f} ({tally.right} of {tally.found} pairs that were put together)",
        "recall": f"{tally.recall:.4f} ({tally.right} of {tally.true} pairs that are one)",
        "F1": f"{tally.f1:.4f}",
        "with all questions joined": f"precision {more.precision:.4f}, recall {more.recall:.4f}, F1 {more.f1:.4f}",
        "records": f"{tally.persons.total()} of {len(tally.persons)} persons, in {len(tally.clusters)} clusters",
        "mixed clusters": f"{tally.mixed} hold more than one person",
        "thresholds": f"auto {found.auto}, review {found.review} (thousandths of a bit)",
        "compared": f"{standing.compared} pairs: {standing.sure} from auto, {standing.doubtful} from review, {standing.households} households",
        "open questions": standing.questions,
    }
    if found.missing:
        some = ", ".join(f"{one.source}:{one.external_id}" for one in found.examples[:3])
        shown["not held"] = f"{found.missing} records of the truth, counted as found by nobody, such as {some}"
    for name, count in found.strangers.items():
        shown[f"no connection {name}"] = f"{count} of them"
    if found.unknown:
        shown["not in the truth"] = f"{found.unknown} records, not counted"
    show_one(shown)
