"""Connections and the inbox from the command line."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from hub.cli.main import main
from hub.keyring import Keyring
from hub.store.database import Database

KEY = Keyring.generate().export()
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
Run = Callable[..., Result]


@pytest.fixture
def run(database_url: str, redis_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    for name, value in {
        "DATABASE_URL": database_url, "REDIS_URL": redis_url, "HUB_SECRET_KEY": KEY, "HUB_DATA_DIR": str(tmp_path / "var"),
    }.items():  # fmt: skip
        monkeypatch.setenv(name, value)

    def call(*arguments: str, code: int = 0, stdin: bytes | None = None) -> Result:
        result = CliRunner().invoke(main, arguments, input=stdin)
        assert result.exit_code == code, result.output + repr(result.exception)
        return result

    return call


@pytest.fixture
def crm(run: Run) -> None:
    run("connect", "crm", "--connector", "webhook", "--secret", f"secret={SECRET}", "--flow", "customer:both")


def answer(result: Result) -> Any:
    return json.loads(result.stdout)


def test_connectors_when_asked_then_names_what_they_need(run: Run) -> None:
    assert {"webhook", "shopify"} <= {row["name"] for row in answer(run("connectors", "--json"))}
    fields = answer(run("connectors", "webhook", "--json"))["config"]
    assert next(field for field in fields if field["name"] == "secret")["what"] == "secret"
    assert "not installed" in run("connectors", "nothing", code=1).output


def test_connect_when_repeated_or_changed_then_says_so(run: Run, crm: None) -> None:
    again = run("connect", "crm", "--secret", f"secret={SECRET}", "--json")
    assert answer(again)["outcome"] == "unchanged"
    changed = answer(run("connect", "crm", "--set", "target_url=https://crm.example/in", "--rank", "3", "--json"))
    assert (changed["outcome"], changed["flows"]) == ("updated", {"customer": "both"})
    assert "must look like" in run("connect", "crm", "--set", "target_url=nope", code=1).output
    assert "KEY=VALUE" in run("connect", "crm", "--set", "nope", code=2).output
    assert answer(run("connect", "crm", "--go-live", "--json"))["phase"] == "live"


def test_apply_when_exported_then_round_trip_changes_nothing(run: Run, crm: None, tmp_path: Path) -> None:
    text = run("export").stdout
    assert SECRET not in text
    path = tmp_path / "hub.yaml"
    path.write_text(text)
    assert answer(run("apply", str(path), "--json")) == [{"connection": "crm", "outcome": "unchanged"}]
    assert "expected `connections:`" in run("apply", "-", code=1, stdin=b"x: 1").output


def test_check_when_everything_is_well_then_secrets_are_hidden(run: Run, crm: None) -> None:
    found = run("check", "--json")
    assert KEY not in found.output
    assert answer(found)["connections"][0]["ok"]
    run("connect", "crm", "--set", "target_url=http://127.0.0.1:9/x")
    assert not answer(run("check", "crm", "--json", code=1))["connections"][0]["ok"]


def test_halt_when_all_then_resume_lifts_it(run: Run, crm: None, db: Database) -> None:
    assert "halted (out): crm" in run("halt", "--out").output
    assert db.one("select halted_in, halted_out from connection") == (False, True)
    run("halt", "crm")
    run("pause", "crm", "--reason", "holiday")
    assert "paused already" in run("pause", "crm").output
    run("resume", "crm")
    assert db.one("select halted_in, halted_out, paused_at from connection") == (False, False, None)
    assert "no connection 'nobody'" in run("halt", "nobody", code=1).output
    run("disconnect", "crm")
    assert "already" in run("disconnect", "crm").output


def test_ingest_when_lines_are_mixed_then_summary_and_exit_code_tell(run: Run, crm: None, tmp_path: Path) -> None:
    path = tmp_path / "events.ndjson"
    path.write_bytes(
        b'{"type":"customer.updated","data":{"id":"1"}}\n{\n{"_id":"a","_topic":"customer.updated","_body":{}}\n'
    )
    result = run("ingest", "crm", str(path), "--json", code=1)
    found = answer(result)
    assert (found["accepted"], found["duplicates"], found["refused"]) == (2, 0, 1)
    assert found["refusals"][0]["line"] == 2
    assert "line 2: not JSON" in result.stderr
    assert (
        run("ingest", "crm", "-", stdin=b'{"_id":"a","_body":{"type":"x"}}').stdout
        == "0 accepted, 1 duplicates, 0 refused\n"
    )
    assert run("ingest", "-", stdin=b'{"_connection":"crm","_topic":"t","_body":{}}').stdout.startswith("1 accepted")
    path.write_bytes(
        b'{"_topic":"customer.updated","_body":{"n":NaN}}\n{"type":"customer.updated","data":{"id":"\xff"}}\n'
    )
    result = run("ingest", "crm", str(path), code=1)
    assert result.stdout == "2 accepted, 0 duplicates, 0 refused, 2 of the accepted in quarantine\n"
    assert re.search(r"^line 1: in quarantine as evt_\w{26}: bad_number at n$", result.stderr, re.MULTILINE)
    again = answer(run("ingest", "crm", str(path), "--json"))
    assert (again["accepted"], again["duplicates"], again["quarantined"], again["set_aside"]) == (0, 2, 0, [])
    waiting = answer(run("quarantine", "--json"))
    assert sorted(group["cause"] for group in waiting) == ["bad_encoding", "bad_number"]
    assert "(line 2 of events.ndjson)" in run("quarantine", "--cause", "bad_encoding", "--json").stdout
    run("ingest", "crm", "x", "y", code=2)


def test_events_when_listed_then_one_can_be_shown_with_its_bytes(run: Run, crm: None) -> None:
    run("ingest", "crm", "-", stdin=b'{"type":"customer.updated","data": {"id":"1"} }')
    (event,) = answer(run("events", "--json"))
    assert (event["connection"], event["topic"], event["status"]) == ("crm", "customer.updated", "pending")
    assert answer(run("events", event["id"], "--json"))["status"] == "pending"
    assert run("events", event["id"], "--body").stdout == '{"type":"customer.updated","data": {"id":"1"} }'
    assert answer(run("events", "--status", "quarantined", "--json")) == []
    run("events", "cus_01J8Z3K9M4Q7R2T5V6W8X9Y0Z1", code=2)


def test_quarantine_when_run_again_or_discarded_then_counted(run: Run, crm: None, db: Database) -> None:
    run("ingest", "crm", "-", stdin=b'{"type":"customer.updated","n":1}\n{"type":"customer.updated","n":2}')
    assert "nothing is in quarantine" in run("quarantine").output
    db.execute('update event_work set state = 1, cause = \'bad\', problem = \'{"problems": [{"message": "because"}]}\'')
    (group,) = answer(run("quarantine", "list", "--json"))
    assert (group["events"], group["problem"]) == (2, "because")
    assert answer(run("quarantine", "show", group["sample"], "--json"))["problems"] == [{"message": "because"}]
    assert "1 events discarded" in run("quarantine", "discard", group["sample"], "--reason", "test").output
    run("quarantine", "discard", group["sample"], "--reason", "test", code=1)
    run("quarantine", "run-again", code=2)
    tried = answer(run("quarantine", "run-again", "--cause", "bad", "--dry-run", "--json"))
    assert (tried["events"], tried["passed"], tried["causes"]) == (1, 0, {"bad_payload": 1})
    assert "1 would come back" in run("quarantine", "run-again", "--all", "--dry-run").output
    assert "1 events run again" in run("quarantine", "run-again", "--cause", "bad", "--connection", "crm").output
    (result,) = answer(run("quarantine", "results", "--json"))
    assert (result["events"], result["waiting"], result["done"], result["causes"]) == (1, 1, 0, "")
    assert result["run"] in run("quarantine", "results", result["run"]).output
    run("quarantine", "fetch", group["sample"], code=1)
    run("quarantine", "discard", "--reason", "test", code=2)
    assert "nothing is in quarantine" in run("quarantine", "--connection", "crm", "--path", "x").output


def test_pull_when_nothing_to_read_then_error_says_so(run: Run, crm: None) -> None:
    assert "nothing to read" in run("pull", "crm", code=1).output


def test_secrets_rotate_when_key_was_added_then_old_one_can_go(
    run: Run, crm: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    run("ingest", "crm", "-", stdin=b'{"type":"customer.updated"}')
    newer = Keyring.parse(KEY).rotated().export()
    monkeypatch.setenv("HUB_SECRET_KEY", newer)
    assert answer(run("secrets", "rotate", "--json")) == {
        "secrets": 1, "settings": 1, "event_keys": 1, "access_tokens": 0, "setups": 0, "kept_answers": 0,
    }  # fmt: skip
    monkeypatch.setenv("HUB_SECRET_KEY", newer.partition(",")[0])
    assert answer(run("check", "--json"))["connections"][0]["ok"]
    run("connect", "crm", "--secret", "secret=whsec_bmV3IHNlY3JldCBmb3IgdGhpcw==", "--secret", f"secret={SECRET}")
    assert "1 older" in run("secrets", "retire", "crm", "secret").output


@pytest.mark.parametrize(
    "command",
    ["connectors", "connect", "apply", "export", "check", "pause", "resume", "halt", "disconnect", "pull", "ingest", "events",
     "quarantine", "quarantine list", "quarantine show", "quarantine run-again", "quarantine results", "quarantine fetch", "quarantine discard", "secrets",
     "secrets rotate", "secrets retire"],
)  # fmt: skip
def test_help_when_asked_then_has_an_example(run: Run, command: str) -> None:
    assert "Example:" in run(*command.split(), "--help").output
