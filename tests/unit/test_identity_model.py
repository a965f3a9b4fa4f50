from pathlib import Path
from typing import Any

import orjson
import pytest

from hub.errors import ConfigError
from hub.model.key import keys_of
from hub.model.kinds import KINDS
from hub.rules.identity.features import features_of
from hub.rules.identity.model import MatchModel, load_models

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def model() -> MatchModel:
    return load_models([ROOT / "mappings"], KINDS)["customer"]


def _person(name: str = "", phone: str = "", **more: Any) -> dict[str, Any]:
    identities = [{"namespace": "phone", "value": phone}] if phone else []
    return {"full_name": name, "identities": identities + more.pop("identities", []), **more}


def _level(model: MatchModel, name: str, a: dict[str, Any], b: dict[str, Any]) -> str:
    parts = model.score(features_of(a), features_of(b)).parts
    return next((part.level for part in parts if part.name == name), "")


def test_score_when_a_phone_alone_is_shared_then_below_auto(model: MatchModel) -> None:
    score = model.score(features_of(_person("", "13812345678")), features_of(_person("王伟", "13812345678")))
    assert [part.name for part in score.parts] == ["phone"]
    assert 0 < score.weight < model.auto


def test_score_when_name_and_phone_agree_then_auto(model: MatchModel) -> None:
    a, b = features_of(_person("王小明", "13812345678")), features_of(_person("王小明", "+86 138-1234-5678"))
    assert model.score(a, b).weight >= model.auto
    assert model.apart(a, b) == ""
    assert {key.value for key in model.keys_of(a)} & {key.value for key in model.keys_of(b)}


def test_score_when_a_number_is_hot_then_as_without_it(model: MatchModel) -> None:
    a, b = features_of(_person("王小明", "13812345678")), features_of(_person("王小明", "13812345678"))
    without = features_of(_person("王小明"))
    assert model.score(a, b, frozenset({("phone", "+8613812345678")})) == model.score(without, without)


def test_apart_when_father_and_son_share_a_phone_then_household(model: MatchModel) -> None:
    a, b = features_of(_person("王伟", "13812345678")), features_of(_person("王小明", "13812345678"))
    assert model.apart(a, b) == "name"
    assert model.relation(a, b) == "household"
    assert model.score(a, b).weight < model.auto


def test_evidence_when_asked_then_as_look_up_keys_store_it(model: MatchModel) -> None:
    data = _person("王小明", "138 1234 5678", identities=[{"namespace": "email", "value": "A@qq.com "}])
    stored = {(key.namespace, key.scope, key.value) for key in keys_of(KINDS["customer"], data)}
    evidence = {(key.namespace, key.scope, key.value) for key in model.evidence(features_of(data))}
    assert evidence
    assert evidence <= stored


def test_features_when_stored_as_json_then_score_the_same(model: MatchModel) -> None:
    data = _person("歐陽娜娜", "13812345678", birthday={"month": 5, "day": 1}, addresses=[{"raw": "人民路1号2栋301"}])
    features = features_of(data)
    read = orjson.loads(orjson.dumps(features))
    assert read == features
    assert model.score(read, features) == model.score(features, features)


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("auto: 1\n", "matching/customer.yaml:1: review: is a threshold"),
        ("auto: 1\nreview: 2\ncomparisons: {phone: {same: 1}}\n", "customer.yaml:2: review: is the lower threshold"),
        ("auto: 1\nreview: 1\ncomparisons: {phon: {same: 1}}\n", "did you mean phone?"),
        ("auto: 1\nreview: 1\ncomparisons: {phone: {sme: 1}}\n", "did you mean same?"),
        ("auto: 1\nreview: 1\ncomparisons: {phone: {same: 1.5}}\n", "phone.same: needs a weight"),
        ("auto: 1\nreview: 1\ncomparisons: {rarity: {rare: 1}}\n", "rarity: is compared, so"),
        ("auto: 1\nreview: 1\nkeys: {a: fone}\n", "did you mean phone?"),
        ("auto: 1\nreview: 1\nguards: {name: [exactly]}\n", "lists levels that keep two apart"),
        ("auto: 1\nreview: 1\nfrequencies: {family: {王: 0}}\n", "whole numbers above 0"),
        ("autoo: 1\nreview: 1\n", "did you mean auto?"),
        ("[1]\n", "a model file is an object"),
    ],
)
def test_model_file_when_wrong_then_says_where_and_what(tmp_path: Path, text: str, fault: str) -> None:
    (tmp_path / "matching").mkdir()
    (tmp_path / "matching" / "customer.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError) as caught:
        load_models([tmp_path], KINDS)
    assert fault in str(caught.value)
