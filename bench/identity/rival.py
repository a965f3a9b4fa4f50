"""The same data through Splink 5, with a set-up as its own guides recommend it: what the hub's figures are compared with.

Needs `pip install splink`; nothing else of the project does.
"""

from __future__ import annotations

import logging
import uuid
import warnings
from collections.abc import Mapping, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

from bench.identity import febrl
from bench.identity.people import Row
from hub.model import phone

Rid = uuid.UUID
EVEN = 0.5
_SEED = 7
_FEBRL_COLUMNS = (
    "given_name",
    "surname",
    "street_number",
    "address_1",
    "address_2",
    "suburb",
    "postcode",
    "state",
    "date_of_birth",
    "soc_sec_id",
)


def retail_table(rows: Mapping[Rid, Row]) -> list[dict[str, Any]]:
    """Rows of `people` as a flat table; phones brought to one form as the hub does, missing cells None."""
    found = []
    for rid, row in rows.items():
        values = {one["namespace"]: one["value"] for one in row.data["identities"]}
        born = row.data.get("birthday")
        number = phone.normalise(values["phone"]).value if "phone" in values else None
        addresses = row.data.get("addresses")
        found.append(
            {
                "unique_id": str(rid),
                "name": row.data["full_name"] or None,
                "phone": number,
                "email": values["email"].lower() if "email" in values else None,
                "birthday": f"{born['year']:04}-{born['month']:02}-{born['day']:02}" if born else None,
                "address": addresses[0]["raw"] if addresses else None,
                "unionid": values.get("wechat_unionid"),
            }
        )
    return found


def febrl_table(folder: Path, number: int, variant: str) -> list[dict[str, Any]]:
    """Rows of a FEBRL set as a flat table, without the columns that the variant leaves out."""
    kept = [column for column in _FEBRL_COLUMNS if column not in febrl.VARIANTS[variant]]
    return [
        {"unique_id": str(uuid.UUID(int=place + 1)), **{column: row[column] or None for column in kept}}
        for place, row in enumerate(febrl.rows(folder, number))
    ]


def match_retail(table: Sequence[Mapping[str, Any]], thresholds: Sequence[float]) -> dict[float, list[frozenset[Rid]]]:
    """Clusters by probability: name, phone, e-mail, birthday, address and unionid, trained by EM on the data itself."""
    splink, library = import_module("splink"), import_module("splink.comparison_library")
    block_on = splink.block_on
    comparisons = [
        library.JaroWinklerAtThresholds("name", [0.9, 0.7]).configure(term_frequency_adjustments=True),
        library.DamerauLevenshteinAtThresholds("phone", [1, 2]),
        library.EmailComparison("email"),
        library.DateOfBirthComparison("birthday", input_is_string=True),
        library.LevenshteinAtThresholds("address", [2, 6]),
        library.ExactMatch("unionid"),
    ]
    rules = [
        block_on("phone"),
        block_on("unionid"),
        block_on("email"),
        block_on("address"),
        block_on("name", "birthday"),
        block_on("name", "substr(phone, 1, 10)"),
        block_on("name", "substr(phone, -4)"),
    ]
    certain = [block_on("unionid"), block_on("email"), block_on("name", "phone")]
    training = [block_on("phone"), block_on("name"), block_on("unionid")]
    return _match(table, comparisons, rules, certain, training, 0.7, thresholds)


def match_febrl(
    table: Sequence[Mapping[str, Any]], variant: str, thresholds: Sequence[float]
) -> dict[float, list[frozenset[Rid]]]:
    """Clusters by probability, with the columns of the variant, trained by EM on the data itself."""
    splink, library = import_module("splink"), import_module("splink.comparison_library")
    block_on = splink.block_on
    comparisons = [
        library.ForenameSurnameComparison("given_name", "surname"),
        library.DamerauLevenshteinAtThresholds("street_number", [1]),
        library.JaroWinklerAtThresholds("address_1", [0.9, 0.8]).configure(term_frequency_adjustments=True),
        library.JaroWinklerAtThresholds("address_2", [0.9, 0.8]).configure(term_frequency_adjustments=True),
        library.JaroWinklerAtThresholds("suburb", [0.9, 0.8]).configure(term_frequency_adjustments=True),
        library.DamerauLevenshteinAtThresholds("postcode", [1, 2]),
        library.ExactMatch("state"),
    ]
    rules = [
        block_on("given_name", "surname"),
        block_on("given_name", "postcode"),
        block_on("surname", "postcode"),
        block_on("given_name", "suburb"),
        block_on("surname", "suburb"),
        block_on("address_1", "suburb"),
        block_on("address_1", "postcode"),
        block_on("address_2", "suburb"),
        block_on("street_number", "address_1"),
        block_on("street_number", "postcode"),
    ]
    certain = [block_on("given_name", "surname", "postcode"), block_on("surname", "address_1", "street_number")]
    training = [block_on("postcode"), block_on("given_name", "surname")]
    left_out = febrl.VARIANTS[variant]
    if "date_of_birth" not in left_out:
        comparisons.append(library.DamerauLevenshteinAtThresholds("date_of_birth", [1, 2]))
        rules.append(block_on("date_of_birth"))
        training.append(block_on("date_of_birth"))
    if febrl.SSN not in left_out:
        comparisons.append(library.DamerauLevenshteinAtThresholds(febrl.SSN, [1, 2]))
        rules.append(block_on(febrl.SSN))
        certain = [block_on(febrl.SSN)]
    return _match(table, comparisons, rules, certain, training, 0.8, thresholds)


def _match(
    table: Sequence[Mapping[str, Any]],
    comparisons: list[Any],
    rules: list[Any],
    certain: list[Any],
    training: list[Any],
    recall: float,
    thresholds: Sequence[float],
) -> dict[float, list[frozenset[Rid]]]:
    splink, duckdb = import_module("splink"), import_module("splink.backends.duckdb")
    frame = import_module("pandas").DataFrame(list(table))
    logging.getLogger("splink").setLevel(logging.ERROR)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        settings = splink.SettingsCreator(
            link_type="dedupe_only", comparisons=comparisons, blocking_rules_to_generate_predictions=rules
        )
        api = duckdb.DuckDBAPI()
        linker = splink.Linker(api.register(frame), settings, log_level=None)
        linker.training.estimate_probability_two_random_records_match(certain, recall=recall)
        linker.training.estimate_u_using_random_sampling(max_pairs=2_000_000, seed=_SEED)
        for rule in training:
            linker.training.estimate_parameters_using_expectation_maximisation(rule, record_sample_proportion=1.0)
        scored = linker.inference.predict(threshold_match_probability=min(thresholds))
        return {threshold: _clusters(linker, scored, threshold) for threshold in thresholds}


def _clusters(linker: Any, scored: Any, threshold: float) -> list[frozenset[Rid]]:
    shown = linker.clustering.cluster_pairwise_predictions_at_threshold(scored, threshold_match_probability=threshold)
    groups: dict[Any, set[Rid]] = {}
    for row in shown.as_record_list():
        groups.setdefault(row["cluster_id"], set()).add(uuid.UUID(row["unique_id"]))
    return [frozenset(group) for group in groups.values()]
