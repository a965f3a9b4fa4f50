"""Files: which are in force, and what is said about faulty ones."""

from pathlib import Path

import pytest

from hub.errors import ConfigError
from hub.model.kinds import KINDS
from hub.rules.mapping import check_mappings, load_mappings
from tests.fixtures.mapping import faults, loaded, mapped, write

ROOT = Path(__file__).parents[2]
GOOD = "kind: customer\nfrom: sys/things\nid: id\nin:\n  note: {path}\n"


def _good(path: str = "a") -> str:
    return GOOD.format(path=path)


def test_folders_when_several_have_a_stream_then_the_first_wins(tmp_path: Path) -> None:
    site = write(tmp_path / "site", sys__things=_good("site"))
    built_in = write(
        tmp_path / "builtin", sys__things=_good("builtin"), sys__others=_good().replace("things", "others")
    )
    package = write(tmp_path / "package", anything=_good("package"))
    found = load_mappings([site, built_in, package], KINDS, {})
    payload = {"id": 1, "site": "s", "builtin": "b", "package": "p"}
    assert mapped(found, payload)[0].asserted == {"note": "s"}
    assert found.inbound("sys", "others") is not None
    assert found.inbound("sys", "nothing") is None
    assert found.outbound("sys", "customer") is None
    assert set(found.manifest) == {"sys/things.yaml", "sys/others.yaml"}


def test_manifest_when_a_file_changes_then_its_hash_does(tmp_path: Path) -> None:
    one = loaded(tmp_path, sys__things=_good("a")).manifest
    assert loaded(tmp_path, sys__things=_good("a")).manifest == one
    assert loaded(tmp_path, sys__things=_good("b")).manifest != one


def test_lookups_when_several_folders_have_one_then_the_first_wins(tmp_path: Path) -> None:
    text = "kind: customer\nfrom: sys/things\nid: id\nin: {note: {path: a, lookup: words}}\n"
    site = write(tmp_path / "site", lookups__words="x: site\n")
    other = write(tmp_path / "other", lookups__words="x: other\n", sys__things=text)
    assert mapped(load_mappings([site, other], KINDS, {}), {"id": 1, "a": "x"})[0].asserted == {"note": "site"}


def test_any_stream_when_a_file_is_for_one_then_that_one_wins(tmp_path: Path) -> None:
    every = "kind: '*'\nfrom: sys/*\nid: id\nin: canonical\nout: canonical\n"
    one = "kind: customer\nfrom: sys/customers\nid: no\nin: {note: n}\n"
    found = loaded(tmp_path, sys__all=every, sys__customers=one)
    assert mapped(found, {"no": 5, "n": "x"}, stream="customers")[0].external_id == "5"
    assert mapped(found, {"id": 6, "title": "茶"}, stream="products")[0].asserted == {"title": "茶"}
    assert found.outbound("sys", "customer") is not None


def test_files_of_connectors_not_installed_when_loaded_then_wait_unread(tmp_path: Path) -> None:
    folder = write(
        tmp_path,
        sys__things=_good(),
        other__things="kind: customer\nfrom: other/things\nid: id\nin: {note: {path: a, to: theirs}}\n",
    )
    assert load_mappings([folder], KINDS, {}, {"sys"}).inbound("other", "things") is None
    with pytest.raises(ConfigError, match="theirs"):
        load_mappings([folder], KINDS, {})


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("kind: [", "not YAML"),
        ("- a", "1: a mapping file is an object"),
        ("kind: custmer\nfrom: sys/things\nid: id\nin: {}", "1: kind: needs one of: behaviour"),
        ("kind: customer\nfrom: things\nid: id\nin: {}", "2: from: is connector/stream"),
        ("kind: customer\nfrom: sys/things\nin: {note: a}", "1: id: is missing"),
        ("kind: customer\nfrom: sys/things\nid: id\ninn: {}\nin: {note: a}", "4: inn: is not a word of a mapping file"),
        ("kind: customer\nfrom: sys/things\nid: id\nin: {note: a, note: b}", "4: note: stands here twice"),
        ("kind: customer\nfrom: sys/things\nid: id\nin:\n  notes: a", "5: notes: no such field; known are: acquired_via"),
        ("kind: customer\nfrom: sys/things\nid: id\nin:\n  note: 5", "5: note: give a path, or {const: …}"),
        ("kind: customer\nfrom: sys/things\nid: id\nin:\n  note: a..b", "5: note: path 'a..b' is not a path"),
        ("kind: customer\nfrom: sys/things\nid: id\nin:\n  note: '@now'", "5: note: path '@now' is none of: @topic"),
        ("kind: customer\nfrom: sys/things\nid: id\nin:\n  note: {path: a, to: stripp}", "5: note.to: no transform 'stripp'; did you mean strip?"),
        ("kind: customer\nfrom: sys/things\nid: id\nin:\n  note: {path: a, to: {cut: {len: 5}}}", "5: note.to: cut: missing a required argument"),
        ("kind: order\nfrom: sys/things\nid: id\nin:\n  placed_at: {path: a, to: {timestamp: {zone: CST8}}}", "zone 'CST8' is neither"),
        ("kind: order\nfrom: sys/things\nid: id\nin:\n  totals.total: {path: a, to: {money: RMB}}", "not an ISO 4217"),
        ("kind: order\nfrom: sys/things\nid: id\nin:\n  totals.total: {path: a, to: {money: {currency: CNY, sign: plus}}}", "money: sign is one of turn, drop, not 'plus'"),
        ("kind: order\nfrom: sys/things\nid: id\nin:\n  placed_at: {path: a, to: {unix: min}}", "5: placed_at.to: unix: unit is one of s, ms, us"),
        ("kind: order\nfrom: sys/things\nid: id\nin:\n  paid: a", "5: paid: is computed by the hub"),
        ("kind: order\nfrom: sys/things\nid: id\nin:\n  state: {const: closed}", "5: state: the value 'closed' is none of: open"),
        ("kind: order\nfrom: sys/things\nid: id\nin:\n  state: {path: s, lookup: {x: closed}}", "5: state: the value 'closed' is none of"),
        ("kind: order\nfrom: sys/things\nid: id\nin:\n  state: {path: s, lookup: nosuch}", "5: state: no lookup table 'nosuch'; known are: none"),
        ("kind: order\nfrom: sys/things\nid: id\nin:\n  state: {path: s, lookup: {x: open}, unknown: guess}", "5: state: unknown is one of error"),
        ("kind: order\nfrom: sys/things\nid: id\nin:\n  number: {path: s, when: {path: x, is: 5}}", "5: number.when: needs path and one of"),
        ("kind: order\nfrom: sys/things\nid: id\nin:\n  number: {path: s, const: 5}", "5: number: needs exactly one of path"),
        ("kind: order\nfrom: sys/things\nid: id\nin:\n  number: {path: s, too: strip}", "5: number: does not know too; did you mean to?"),
        ("kind: order\nfrom: sys/things\nid: id\nin:\n  number: {path: s, ref: x}", "5: number: is a text, not a reference"),
        ("kind: order\nfrom: sys/things\nid: id\nin:\n  number: {each: s, a: b}", "5: number: is a text; `each` makes a list"),
        ("kind: order\nfrom: sys/things\nid: id\nin:\n  number: [{a: b}]", "5: number: is a text; a list of elements"),
        ("kind: order\nfrom: sys/things\nid: id\nin:\n  totals: {sum: a}", "5: totals.sum: no such field"),
        ("kind: order\nfrom: sys/things\nid: id\nin:\n  totals: t\n  totals.tax: a", "6: totals: is given whole and by parts"),
        ("kind: order\nfrom: sys/things\nid: id\nin: {number: a}\nalso: {each: x}", "5: also: is a list"),
        ("kind: order\nfrom: sys/things\nid: id\nin: {number: a}\nalso:\n  - {kind: refund}", "6: also: each entry names `each`"),
        ("kind: order\nfrom: sys/things\nid: id\nin: {number: a}\nalso:\n  - {each: r, use: sys/nosuch}", "6: also.use: no mapping 'sys/nosuch'"),
        ("kind: order\nfrom: sys/things\nid: id\nin: {number: a}\nalso:\n  - {each: r, use: sys/things}", "6: also.use: 'sys/things' uses itself"),
        ("kind: order\nfrom: sys/things\nid: id\npartial: maybe\nin: {number: a}", "4: partial: is true or false"),
        ("kind: order\nfrom: sys/things\nid: id\nin: all", "4: in: is `canonical` or an object"),
        ("kind: order\nfrom: sys/things\nout: all", "3: out: is `canonical` or an object"),
    ],
)  # fmt: skip
def test_file_when_faulty_then_the_fault_names_file_line_and_field(tmp_path: Path, text: str, expected: str) -> None:
    found = faults(tmp_path, sys__things=text + "\n")
    assert found, "the fault was not seen"
    assert any(f"sys/things.yaml:{expected}" in fault or expected in fault for fault in found), found
    assert all(fault.startswith("sys/things.yaml:") for fault in found)
    with pytest.raises(ConfigError):
        loaded(tmp_path, sys__things=text + "\n")


def test_faults_when_several_files_have_some_then_all_are_told_once(tmp_path: Path) -> None:
    bad = "kind: customer\nfrom: sys/{0}\nid: id\nin: {{notes: a, names: b}}\n"
    found = faults(tmp_path, sys__a=bad.format("a"), sys__b=bad.format("b"))
    assert len(found) == len(set(found)) == 4


def test_stream_when_two_files_of_a_folder_map_it_then_a_fault(tmp_path: Path) -> None:
    (fault,) = faults(tmp_path, sys__a=_good(), sys__b=_good())
    assert fault == "sys/b.yaml:1: from: sys/things is mapped by sys/a.yaml too; keep one file"


def test_file_when_not_utf_8_then_a_fault(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_bytes("kind: 客户".encode("gbk"))
    (fault,) = check_mappings([tmp_path], KINDS, {})
    assert fault.startswith("a.yaml:1: cannot be read as UTF-8")


def test_name_in_a_file_when_it_looks_like_code_then_it_is_only_a_name(tmp_path: Path) -> None:
    evil = "x'); raise SystemExit #{i1}\\"
    text = f"kind: customer\nfrom: sys/things\nid: id\nin:\n  note: {{path: '[\"{evil.replace(chr(39), chr(39) * 2)}\"].b'}}\n"
    found = loaded(tmp_path, sys__things=text)
    assert mapped(found, {"id": 1, evil: {"b": "ok"}})[0].asserted == {"note": "ok"}
    with pytest.raises(Exception, match="is not an object"):
        mapped(found, {"id": 1, evil: 5})


def test_built_in_files_when_checked_then_no_faults() -> None:
    assert check_mappings([ROOT / "mappings"], KINDS, {}, {"webhook"}) == []
