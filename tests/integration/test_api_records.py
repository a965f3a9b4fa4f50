"""Golden records over HTTP: their form, and every way to find them."""

import re

import pytest

from hub.flow.replay import replay
from hub.model.identifier import format_id
from hub.store.replay import Selection

STAMP = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z")
PHONE = {"namespace": "phone", "value": "+8613800138000", "verified": "otp"}
MEMBER = {"namespace": "member_no", "scope": "tea", "value": "VIP-1"}


def customer(id_="7064", minute="01", **fields):
    return {"id": id_, "updated_at": f"2026-11-01T00:{minute}:00Z", "full_name": "王小明", **fields}


@pytest.fixture
def shop(rig):
    """Two connections and what they said of one customer and an order."""
    rig.connect("shop", {"customer": "both", "order": "in"})
    rig.connect("crm", {"customer": "in"}, rank=200)
    rig.send("shop", "customer.created", customer(identities=[PHONE, MEMBER], language="zh-CN", loyalty={"level": 3}))
    rig.send("crm", "customer.created", customer("C1", identities=[PHONE], tags=["vip"]))
    rig.settle()
    return rig


def only(page):
    [found] = page["items"]
    return found


def test_get_when_asked_then_the_golden_record_has_exactly_its_form(shop, admin):
    listed = only(admin.get("/customers"))
    found = admin.get(f"/customers/{listed['id']}")
    assert found == listed
    assert list(found) == [
        "id",
        "kind",
        "version",
        "lifecycle",
        "merged_into",
        "created_at",
        "updated_at",
        "data",
        "sources",
        "extensions",
    ]
    assert re.fullmatch(r"cus_[0-9A-HJKMNP-TV-Z]{26}", found["id"])
    assert (found["kind"], found["lifecycle"], found["merged_into"]) == ("customer", "active", None)
    assert STAMP.fullmatch(found["created_at"])
    assert STAMP.fullmatch(found["updated_at"])
    assert found["data"]["full_name"] == "王小明"
    assert found["data"]["tags"] == ["vip"]
    sources = {(s["connection"], s["object_type"], s["external_id"]) for s in found["sources"]}
    assert sources == {("shop", "customers", "7064"), ("crm", "customers", "C1")}
    assert all(STAMP.fullmatch(s["last_event_at"]) for s in found["sources"])
    assert found["extensions"]["shop"]["loyalty"] == {"level": 3}


def test_get_when_an_order_refers_to_its_customer_then_the_id_of_the_golden_record_stands_there(shop, admin):
    shop.send("shop", "order.created", order("1001", customer={"external_id": "7064"}))
    shop.settle()
    found = only(admin.get("/orders"))["data"]["customer"]
    expected = only(admin.get("/customers"))["id"]
    assert found == {"connection": "shop", "object_type": "customers", "external_id": "7064", "id": expected}


def test_get_when_the_customer_is_not_known_yet_then_the_reference_has_no_id(shop, admin):
    shop.send("shop", "order.created", order("1001", customer={"external_id": "9999"}))
    shop.settle()
    assert only(admin.get("/orders"))["data"]["customer"]["id"] is None


def order(id_, **fields):
    total = {"amount": "12.30", "currency": "CNY"}
    return {
        "id": id_,
        "updated_at": "2026-11-01T00:02:00Z",
        "number": f"#{id_}",
        "currency": "CNY",
        "state": "open",
        "placed_at": "2026-11-01T00:02:00Z",
        "lines": [{"line_id": "1", "title": "Tea", "quantity": "1", "unit_price": total, "total": total}],
        "totals": {"total": total},
        **fields,
    }


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/customers/cus_01J8Z3K9M4Q7R2T5V6W8X9Y0Z1", 404),
        ("/customers/ord_01J8Z3K9M4Q7R2T5V6W8X9Y0Z1", 404),
        ("/customers/nonsense", 404),
        ("/customers/7064", 404),
        ("/customers/%00", 404),
        ("/customers/%FF", 404),
        ("/customers/cus_01J8Z3K9M4Q7R2T5V6W8X9Y0Z1/explain", 404),
        ("/customers/cus_01J8Z3K9M4Q7R2T5V6W8X9Y0Z1/history", 404),
        ("/nothings", 404),
    ],
)
def test_get_when_there_is_none_then_404(shop, admin, path, status):
    found = admin.get(path, status)
    assert found["status"] == status


def test_get_when_an_id_is_of_another_kind_then_404(shop, admin):
    id_ = only(admin.get("/customers"))["id"]
    admin.get(f"/orders/{id_.replace('cus_', 'ord_')}", 404)


def test_get_when_erased_then_410(shop, admin):
    id_ = only(admin.get("/customers"))["id"]
    shop.hub.db.execute("update golden set lifecycle = 'erased', data = '{}'")
    admin.get(f"/customers/{id_}", 410)
    assert admin.get("/customers")["items"] == []


def test_get_when_merged_then_the_old_id_answers_with_the_record_it_belongs_to(rig, admin):
    rig.connect("shop", {"customer": "in"})
    rig.connect("crm", {"customer": "in"})
    rig.send("shop", "customer.created", customer("A"))
    rig.send("crm", "customer.created", customer("B", full_name="王晓明"))
    rig.settle()
    kept, gone = [item["id"] for item in admin.get("/customers")["items"]]
    decided = admin.post(f"/customers/{gone}/merge", {"with": kept, "reason": "same person"})
    assert decided["record"]["id"] == kept
    assert len(decided["record"]["sources"]) == 2
    found = admin.get(f"/customers/{gone}")
    assert (found["id"], found["merged_into"], found["lifecycle"]) == (kept, kept, "active")
    assert admin.get(f"/customers/{kept}")["merged_into"] is None
    admin("POST", f"/decisions/{decided['decision']}/undo", json={})
    assert admin.get(f"/customers/{gone}")["id"] == gone


@pytest.mark.parametrize(
    "query",
    [
        "connection=shop",
        "connection=crm",
        "external_id=7064",
        "connection=crm&external_id=C1",
        "identity=member_no:VIP-1",
        "identity=member_no:tea:VIP-1",
        "updated_since=2020-01-01T00:00:00Z",
        "updated_since=2020-01-01T08:00:00%2B08:00",
    ],
)
def test_list_when_a_filter_fits_then_it_is_found(shop, admin, query):
    assert only(admin.get(f"/customers?{query}"))["data"]["full_name"] == "王小明"


@pytest.mark.parametrize(
    "query",
    [
        "connection=crm&external_id=7064",
        "external_id=nobody",
        "identity=member_no:VIP-2",
        "identity=member_no:coffee:VIP-1",
        "identity=card_no:VIP-1",
        "updated_since=2999-01-01T00:00:00Z",
    ],
)
def test_list_when_no_filter_fits_then_it_is_empty(shop, admin, query):
    assert admin.get(f"/customers?{query}") == {"items": [], "next_cursor": None}


def test_list_when_the_order_number_is_given_as_identity_then_it_is_found(shop, admin):
    shop.send("shop", "order.created", order("1001"))
    shop.settle()
    assert only(admin.get("/orders?identity=number:%231001"))["data"]["number"] == "#1001"


@pytest.mark.parametrize(
    "query",
    [
        "identity=phone:%2B8613800138000",
        "identity=phone:1",
        "identity=email:a@example.cn",
        "identity=full_name:%E7%8E%8B%E5%B0%8F%E6%98%8E",
        "identity=member_no:13800138000",
        "phone=1",
        "email=a",
        "name=x",
        "full_name=x",
        "q=x",
        "external_id=13800138000",
        "external_id=%2B8613800138000",
        "external_id=+8613800138000",
        "external_id=wang@example.cn",
        "connection=13800138000",
    ],
)
def test_list_when_personal_data_stands_in_the_url_then_400(shop, admin, query):
    found = admin.get(f"/customers?{query}", 400)
    assert "138" not in str(found)
    assert "wang" not in str(found)


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("limit=0", 422),
        ("limit=201", 422),
        ("limit=x", 422),
        ("unknown=1", 422),
        ("updated_since=yesterday", 422),
        ("updated_since=2026-01-01T00:00:00", 422),
        ("identity=nonsense", 400),
        ("cursor=nonsense", 400),
        ("cursor=////", 400),
        ("connection=nowhere", 404),
        ("limit=1&limit=2", 400),
        ("external_id=%00", 400),
        ("external_id=%FF", 400),
        ("external_id=" + "x" * 501, 422),
        ("external_id=" + "x" * 3000, 400),
    ],
)
def test_list_when_the_query_is_wrong_then_it_says_so(shop, admin, query, status):
    admin.get(f"/customers?{query}", status)


def test_list_when_there_are_many_then_pages_give_each_once_in_order(rig, admin):
    rig.connect("shop", {"customer": "in"})
    for n in range(25):
        rig.send("shop", "customer.created", customer(str(n)))
    rig.settle()
    seen, cursor, pages = [], "", 0
    while True:
        found = admin.get(f"/customers?limit=10&cursor={cursor}")
        seen += [item["id"] for item in found["items"]]
        pages, cursor = pages + 1, found["next_cursor"]
        if cursor is None:
            break
    assert pages == 3
    assert seen == sorted(set(seen))
    assert seen == [format_id("cus", id_) for id_ in rig.golden_ids("customer")]


@pytest.mark.parametrize(
    "body",
    [
        {"identity": {"namespace": "phone", "value": "138 0013 8000"}},
        {"identity": {"namespace": "phone", "value": "+8613800138000"}},
        {"identity": {"namespace": "member_no", "value": "VIP-1"}},
        {"identity": {"namespace": "member_no", "scope": "tea", "value": "VIP-1"}},
        {"q": "13800138000"},
        {"q": " 王小明 "},
        {"q": "Wang Xiaoming"},
        {"q": "wxm"},
        {"q": "VIP-1"},
        {"q": "7064"},
        {"external_id": "7064"},
        {"external_id": "C1", "connection": "crm"},
        {"q": "王小明", "identity": {"namespace": "member_no", "value": "VIP-1"}},
    ],
)
def test_search_when_it_fits_then_it_is_found(shop, admin, body):
    assert only(admin.post("/customers/search", body))["data"]["full_name"] == "王小明"


def test_search_when_given_an_id_then_it_is_found(shop, admin):
    id_ = only(admin.get("/customers"))["id"]
    assert only(admin.post("/customers/search", {"q": id_}))["id"] == id_


@pytest.mark.parametrize(
    "body",
    [
        {"identity": {"namespace": "phone", "value": "13900139000"}},
        {"identity": {"namespace": "member_no", "scope": "coffee", "value": "VIP-1"}},
        {"identity": {"namespace": "no_such_namespace", "value": "x"}},
        {"q": "nobody"},
        {"q": "'; drop table golden; --"},
        {"q": "%"},
        {"q": "王小明", "identity": {"namespace": "member_no", "value": "VIP-2"}},
    ],
)
def test_search_when_nothing_fits_then_it_is_empty(shop, admin, body):
    assert admin.post("/customers/search", body)["items"] == []


def test_search_when_keys_are_of_an_older_version_then_a_replay_brings_them(shop, admin):
    with shop.hub.db.transaction() as conn:
        conn.execute("delete from match_key where namespace = 'name_form'")
    assert admin.post("/customers/search", {"q": "wxm"})["items"] == []
    replay(shop.hub, Selection())
    shop.settle()
    assert only(admin.post("/customers/search", {"q": "wxm"}))["version"] == 1


@pytest.mark.parametrize(
    "body", [{}, {"q": ""}, {"q": 5}, {"name": "x"}, {"identity": {"value": "x"}}, [], "x", {"q": "x" * 201}]
)
def test_search_when_the_body_is_wrong_then_422(shop, admin, body):
    found = admin.post("/customers/search", body, 422)
    assert found["status"] == 422


def test_history_when_a_value_changes_then_the_newest_change_comes_first(shop, admin):
    shop.send("shop", "customer.updated", customer(minute="05", language="en", identities=[PHONE, MEMBER]))
    shop.settle()
    id_ = only(admin.get("/customers"))["id"]
    items = admin.get(f"/customers/{id_}/history")["items"]
    assert [item["version"] for item in items] == sorted((item["version"] for item in items), reverse=True)
    assert (items[0]["type"], items[0]["fields"]) == ("updated", ["language"])
    assert (items[0]["before"], items[0]["after"]) == ({"language": "zh-CN"}, {"language": "en"})
    assert items[-1]["type"] == "created"
    assert STAMP.fullmatch(items[0]["at"])
    first = admin.get(f"/customers/{id_}/history?limit=1")
    second = admin.get(f"/customers/{id_}/history?limit=1&cursor={first['next_cursor']}")
    assert [*first["items"], *second["items"]] == items[:2]


def test_explain_when_two_systems_speak_then_winner_and_losers_are_named(shop, admin):
    id_ = only(admin.get("/customers"))["id"]
    found = admin.get(f"/customers/{id_}/explain")["full_name"]
    assert found["value"] == "王小明"
    assert {found["winner"]["connection"], *[loser["connection"] for loser in found["losers"]]} == {"shop", "crm"}
    assert re.fullmatch(r"evt_[0-9A-Z]{26}", found["winner"]["event_id"])
    assert {"value", "winner", "rule", "losers", "pinned_by"} <= found.keys()


def test_explain_when_an_element_was_removed_then_it_is_named_and_masked_for_those_who_may_not_see_it(shop, caller):
    second = {**PHONE, "value": "+8613900139000"}
    for minute, phones in (("02", [PHONE, second]), ("03", [PHONE])):
        shop.send("shop", "customer.updated", customer(minute=minute, identities=[*phones, MEMBER]))
    shop.settle()
    for role, expected in (("steward", "+8613900139000"), ("viewer", "139****9000")):
        reader = caller(role)
        elements = reader.get(f"/customers/{only(reader.get('/customers'))['id']}/explain")["identities"]["elements"]
        (gone,) = [element for element in elements if element["value"] is None]
        assert gone["removed"] == {"namespace": "phone", "value": expected}


def test_pin_when_set_then_it_stands_and_unpinned_it_goes(shop, admin):
    id_ = only(admin.get("/customers"))["id"]
    decided = admin.post(f"/customers/{id_}/pins", {"field": "language", "value": "en", "reason": "asked"})
    assert decided["record"]["data"]["language"] == "en"
    assert re.fullmatch(r"dec_[0-9A-Z]{26}", decided["decision"])
    explained = admin.get(f"/customers/{id_}/explain")["language"]
    assert explained["pinned_by"].startswith("tok_")
    response = admin("DELETE", f"/customers/{id_}/pins/language")
    assert response.get_json()["record"]["data"]["language"] == "zh-CN"


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"field": "nothing", "value": "x"}, 400),
        ({"field": "gender", "value": "dragon"}, 422),
        ({"field": "language"}, 422),
        ({"value": "x"}, 422),
        ({"field": "language", "value": {"a": 1}}, 422),
    ],
)
def test_pin_when_the_value_does_not_fit_then_refused(shop, admin, body, status):
    id_ = only(admin.get("/customers"))["id"]
    admin.post(f"/customers/{id_}/pins", body, status)


def test_split_when_ruled_then_the_source_stands_alone(shop, admin):
    id_ = only(admin.get("/customers"))["id"]
    admin.post(f"/customers/{id_}/split", {"connection": "crm", "external_id": "C1", "reason": "siblings"})
    assert [len(item["sources"]) for item in admin.get("/customers")["items"]] == [1, 1]
    alone = only(admin.get("/customers?connection=shop"))["id"]
    admin.post(f"/customers/{alone}/split", {"connection": "shop", "external_id": "7064"}, 409)
    admin.post(f"/customers/{alone}/split", {"connection": "shop", "external_id": "x"}, 404)


def test_merge_when_it_is_one_already_then_409(shop, admin):
    id_ = only(admin.get("/customers"))["id"]
    admin.post(f"/customers/{id_}/merge", {"with": id_}, 409)
    admin.post(f"/customers/{id_}/merge", {"with": "cus_01J8Z3K9M4Q7R2T5V6W8X9Y0Z1"}, 404)
