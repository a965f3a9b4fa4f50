"""Files for some connections of a connector: which wins, and what is said of those that contradict each other."""

from __future__ import annotations

from collections.abc import Mapping
from fnmatch import fnmatchcase
from itertools import product
from pathlib import Path

import pytest

from hub.errors import ConfigError, RecordError
from hub.model.kinds import KINDS
from hub.rules.mapping import MapContext, MappingSet, check_mappings, examine_mappings, load_mappings
from hub.rules.mapping.narrow import meeting
from tests.fixtures.mapping import faults, loaded, write

GOOD = "kind: customer\nfrom: sys/customers\n{head}id: id\nin: {{note: {path}}}\n"
ALL = GOOD.format(head="", path="a")
OUT = "out: {{{name}: note}}\n"


def _own(connections: str, path: str = "k", **more: str) -> str:
    return GOOD.format(head=f"connections: {connections}\n", path=path).replace(
        "sys/customers", more.get("of", "sys/customers")
    )


def _note(found: MappingSet, connection: str | None, stream: str = "customers") -> str | None:
    mapping = found.inbound("sys", stream, connection)
    if mapping is None:
        return None
    payload = {"id": 1, "a": "all", "k": "kassa", "p": "pattern"}
    return str(mapping.map(payload, MapContext(connection or "", "customers", 0))[0].asserted["note"])


def test_connection_when_a_file_names_it_then_that_wins_over_the_file_of_all(tmp_path: Path) -> None:
    found = loaded(tmp_path, sys__customers=ALL, sys__kassa=_own("[kassa, kassa-2]"), sys__till=_own("['till-*']", "p"))
    notes = {
        name: _note(found, name) for name in (None, "shop", "kassa", "kassa-2", "kassa-3", "till-", "till-9", "till")
    }
    assert notes == {
        None: "all", "shop": "all", "kassa": "kassa", "kassa-2": "kassa", "kassa-3": "all",
        "till-": "pattern", "till-9": "pattern", "till": "all",
    }  # fmt: skip
    assert found.inbound("sys", "customers", "kassa") is found.inbound("sys", "customers", "kassa-2")
    assert found.inbound("sys", "nothing", "kassa") is None
    assert found.files()[0] == {
        "sys/customers": "sys/customers.yaml",
        "sys/customers@kassa,kassa-2": "sys/kassa.yaml",
        "sys/customers@till-*": "sys/till.yaml",
    }


def test_connection_when_no_file_is_for_all_then_only_those_named_are_mapped(tmp_path: Path) -> None:
    found = loaded(tmp_path, sys__kassa=_own("[kassa]"))
    assert (_note(found, "kassa"), _note(found, "shop"), _note(found, None)) == ("kassa", None, None)


def test_own_file_when_it_has_no_out_then_that_of_all_is_written(tmp_path: Path) -> None:
    found = loaded(
        tmp_path,
        sys__customers=ALL + OUT.format(name="a"),
        sys__kassa=_own("[kassa]"),
        sys__till=_own("[till]", "p") + OUT.format(name="p"),
    )

    def shown(connection: str) -> Mapping[str, object]:
        mapping = found.outbound("sys", "customer", connection)
        return mapping.project({"note": "x"}, lambda key: None) if mapping else {}

    assert [shown(name) for name in ("shop", "kassa", "till")] == [{"a": "x"}, {"a": "x"}, {"p": "x"}]
    assert found.outbound("sys", "order", "till") is None


def test_file_for_every_stream_when_it_is_of_one_connection_then_its_streams_win(tmp_path: Path) -> None:
    every = "kind: '*'\nfrom: sys/*\nconnections: [kassa]\nid: id\nin: canonical\n"
    found = loaded(tmp_path, sys__customers=ALL, sys__every=every, sys__kassa=_own("['kass*']"))
    assert _note(found, "kassa") == "kassa"
    assert found.inbound("sys", "products", "kassa") is not None
    assert found.inbound("sys", "products", "kasse") is None


def test_folders_when_both_have_a_file_for_a_connection_then_the_first_wins(tmp_path: Path) -> None:
    site = write(tmp_path / "site", sys__mine=_own("[kassa]", "k"))
    later = write(tmp_path / "later", sys__same=_own("[kassa]", "a"), sys__wider=_own("['kassb*']", "p"))
    more = write(tmp_path / "more", sys__most=_own("['kass*']", "p"))
    found = load_mappings([site, later, more], KINDS, {})
    assert (_note(found, "kassa"), _note(found, "kassa-2")) == ("kassa", "pattern")
    assert set(found.manifest) == {"sys/mine.yaml", "sys/wider.yaml", "sys/most.yaml"}


def test_use_when_a_file_of_one_connection_names_the_general_one_then_it_is_that(tmp_path: Path) -> None:
    own = "kind: order\nfrom: sys/customers\nconnections: [kassa]\nid: id\nin: {number: id}\nalso: [{path: c, use: sys/customers}]\n"
    found = loaded(tmp_path, sys__customers=ALL, sys__kassa=own)
    mapping = found.inbound("sys", "customers", "kassa")
    assert mapping is not None
    drafts = mapping.map({"id": 1, "c": {"id": 2, "a": "x"}}, MapContext("kassa", "customers", 0))
    assert [(draft.kind, draft.external_id) for draft in drafts] == [("order", "1"), ("customer", "2")]


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({"a": _own("[kassa]"), "b": _own("['kass?', till]")}, "sys/b.yaml:3: connections: kass? here and kassa in sys/a.yaml can be one connection"),
        ({"a": _own("['*-1']"), "b": _own("['kassa-*']")}, "can be one connection, of which two files would map sys/customers; leave each"),
        ({"a": _own("[kassa]"), "b": _own("[kassa]")}, "sys/b.yaml:3: connections: kassa here and kassa in sys/a.yaml can be one connection"),
        ({"a": _own("kassa")}, "sys/a.yaml:3: connections: is a list of connection names"),
        ({"a": _own("[]")}, "sys/a.yaml:3: connections: is a list of connection names"),
        ({"a": _own("['kassa[1]']")}, "sys/a.yaml:3: connections: is a list of connection names"),
        ({"a": "kind: customer\nconnections: [kassa]\nid: id\nin: {note: a}\n"}, "sys/a.yaml:2: connections: is a word of files with `from`"),
        ({"a": ALL.replace("sys/customers", "sys/customers@kassa")}, "sys/a.yaml:2: from: is connector/stream"),
    ],
)  # fmt: skip
def test_files_when_two_are_for_one_connection_then_a_fault(
    tmp_path: Path, files: dict[str, str], expected: str
) -> None:
    (fault,) = faults(tmp_path, **{f"sys__{name}": text for name, text in files.items()})
    assert expected in fault
    with pytest.raises(ConfigError):
        load_mappings([tmp_path], KINDS, {})


def test_names_when_nobody_has_such_a_connection_then_no_fault(tmp_path: Path) -> None:
    assert faults(tmp_path, sys__a=ALL, sys__b=_own("[nobody, 'nowhere-*']")) == []


def test_own_file_when_it_stands_at_the_place_of_the_general_one_then_a_fault_names_another(tmp_path: Path) -> None:
    site = write(tmp_path / "site", sys__customers=_own("['kassa-*']"))
    package = write(tmp_path / "package", sys__customers=ALL)
    (fault,) = check_mappings([site, package], KINDS, {})
    assert fault.startswith("sys/customers.yaml:3: connections: ")
    assert "name this one sys/customers@kassa.yaml" in fault
    (site / "sys/customers.yaml").rename(site / "sys/customers@kassa.yaml")
    assert _note(load_mappings([site, package], KINDS, {}), "shop") == "all"


TIMED = "kind: customer\nfrom: sys/{stream}\n{head}object_type: customers\nid: id\nversion: {{path: v, to: {to}}}\nin: {{note: a}}\n"


def test_order_when_two_connections_count_in_different_units_then_no_fault_but_within_one_it_is(tmp_path: Path) -> None:
    general = TIMED.format(stream="customers", head="", to="timestamp")
    own = TIMED.format(stream="customers", head="connections: [kassa]\n", to="integer")
    found = loaded(tmp_path / "good", sys__customers=general, sys__kassa=own)
    for connection, version, refused in (("shop", "2026-11-22T08:30:05Z", "7"), ("kassa", "7", "2026-11-22T08:30:05Z")):
        mapping = found.inbound("sys", "customers", connection)
        assert mapping is not None
        assert (
            mapping.map({"id": 1, "v": version, "a": "x"}, MapContext(connection, "customers", 0))[0].major is not None
        )
        with pytest.raises(RecordError):
            mapping.map({"id": 1, "v": refused, "a": "x"}, MapContext(connection, "customers", 0))
    status = TIMED.format(stream="customer.status", head="", to="timestamp")
    (fault,) = faults(tmp_path / "bad", sys__customers=general, sys__kassa=own, sys__status=status)
    assert fault.startswith("sys/status.yaml:5: version: ")
    assert "cannot be compared" in fault
    assert fault.endswith("(for a connection like kassa)")


def test_untyped_version_when_the_connection_has_a_unit_then_it_is_of_that(tmp_path: Path) -> None:
    """The file of all is compiled once for each unit that the files beside it say."""
    shared = "kind: customer\nfrom: sys/customer.status\nobject_type: customers\nid: id\nversion: v\nin: {note: a}\n"
    found = loaded(
        tmp_path,
        sys__customers=TIMED.format(stream="customers", head="", to="timestamp"),
        sys__kassa=TIMED.format(stream="customers", head="connections: [kassa]\n", to="integer"),
        sys__status=shared,
    )
    units = [found.inbound("sys", "customer.status", name).units for name in ("shop", "kassa")]  # type: ignore[union-attr]
    assert units == [{"customers": "time"}, {"customers": "sequence"}]


def test_reference_when_only_another_connection_has_its_record_then_a_fault_of_that_connection(tmp_path: Path) -> None:
    order = "kind: order\nfrom: sys/orders\n{head}id: id\nin: {{customer: {{ref: {ref}, path: c}}}}\n"
    folder = write(
        tmp_path,
        sys__customers=ALL,
        sys__orders=order.format(head="", ref="customers"),
        sys__kassa=order.format(head="connections: [kassa]\n", ref="members"),
    )
    _, found = examine_mappings([folder], KINDS, {}, {"sys": type("Sys", (), {"manifest": None})})
    wrong = [str(fault) for fault in found if not fault.is_warning]
    assert len(wrong) == 1, wrong
    assert wrong[0].startswith("sys/kassa.yaml:5: customer: no mapping of this system makes members")


def test_patterns_when_a_name_fits_both_then_one_is_found_and_else_none() -> None:
    names = ["".join(letters) for length in range(5) for letters in product("abx", repeat=length)]
    patterns = ["".join(letters) for length in range(1, 4) for letters in product("a?*b", repeat=length)]
    for one in patterns[::3]:
        for other in patterns[::5]:
            found = meeting(one, other)
            assert (found is not None) == any(fnmatchcase(name, one) and fnmatchcase(name, other) for name in names)
            assert found is None or (fnmatchcase(found, one) and fnmatchcase(found, other))
