"""`user`, `token` and `audit` on the command line."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from click.testing import CliRunner

from hub.cli.access import read_expiry
from hub.cli.main import main
from hub.config import to_env
from hub.errors import ConfigError
from hub.flow import access
from hub.flow.login import log_in


@pytest.fixture
def run(hub, monkeypatch):
    """Runs a command on the hub of the test; returns exit code, standard output and standard error."""
    for name, value in to_env(hub.settings).items():
        monkeypatch.setenv(name, value)

    def call(*args, typed=None):
        done = CliRunner().invoke(main, args, input=typed)
        return done.exit_code, done.stdout.strip(), done.stderr

    return call


def test_user_add_when_called_then_the_printed_password_opens_the_console(run, hub):
    code, password, _ = run("user", "add", "lina", "--role", "steward", "--realm", "tea", "--location", "S1")
    assert code == 0
    assert log_in(hub, "lina", password, address="127.0.0.1")
    _, listed, _ = run("user", "list", "--json")
    [row] = json.loads(listed)
    assert (row["name"], row["roles"], row["disabled"]) == ("lina", ["steward@tea (S1)"], False)


def test_user_when_changed_then_each_act_holds(run, hub):
    run("user", "add", "lina", "--role", "viewer")
    _, password, _ = run("user", "passwd", "lina")
    assert log_in(hub, "lina", password, address="127.0.0.1")
    assert run("user", "passwd", "lina", "--ask", typed="a long new password\na long new password\n")[0] == 0
    assert log_in(hub, "lina", "a long new password", address="127.0.0.1")
    assert run("user", "grant", "lina", "--role", "operator")[0] == 0
    assert run("user", "grant", "lina", "--role", "viewer", "--revoke")[0] == 0
    [(_, grants)] = access.list_users(hub)
    assert [grant.role for grant in grants] == ["operator"]
    assert run("user", "disable", "lina")[0] == 0
    assert log_in(hub, "lina", "a long new password", address="127.0.0.1") is None
    assert run("user", "disable", "lina", "--undo")[0] == 0


@pytest.mark.parametrize(
    ("args", "code"),
    [
        (("user", "add", "lina", "--role", "boss"), 2),
        (("user", "passwd", "nobody"), 1),
        (("token", "revoke", "tok_01J8Z3K9M4Q7R2T5V6W8X9Y0Z1"), 1),
        (("token", "revoke", "nonsense"), 1),
        (("token", "create", "--role", "viewer", "--name", "x", "--expires", "soon"), 1),
        (("token", "create", "--role", "viewer", "--name", "x", "--expires", "2020-01-01T00:00:00Z"), 1),
    ],
)
def test_commands_when_called_wrongly_then_they_say_what(run, args, code):
    found, _, said = run(*args)
    assert found == code
    assert "rror" in said


def test_token_when_made_listed_and_revoked_then_its_text_is_shown_once(run, hub):
    code, text, _ = run("token", "create", "--role", "viewer", "--name", "reports", "--expires", "30d")
    assert code == 0
    holder = access.holder_of(hub, text)
    assert holder.principal.may("record.see")
    _, listed, _ = run("token", "list", "--json")
    [row] = json.loads(listed)
    assert (row["role"], row["name"], row["id"]) == ("viewer", "reports", holder.principal.actor)
    assert text not in listed
    assert run("token", "revoke", row["id"])[0] == 0
    assert access.holder_of(hub, text) is None


def test_audit_verify_when_a_row_was_changed_then_exit_code_1(run, hub):
    run("user", "add", "lina", "--role", "viewer")
    code, said, _ = run("audit", "verify")
    assert code == 0
    assert "rows fit" in said
    hub.db.execute("update audit set act = 'x' where act = 'user.created'")
    code, listed, _ = run("audit", "verify", "--json")
    assert (code, json.loads(listed)["ok"]) == (1, False)


@pytest.mark.parametrize(
    "command", [("user",), ("user", "add"), ("token",), ("token", "create"), ("audit",), ("audit", "verify")]
)
def test_commands_when_asked_for_help_then_there_is_an_example(run, command):
    code, said, _ = run(*command, "--help")
    assert code == 0
    assert "Example:" in said


def test_read_expiry_when_a_span_or_a_time_is_given_then_it_is_that_moment():
    now = datetime(2026, 11, 22, tzinfo=UTC)
    assert read_expiry("12h", now) == now + timedelta(hours=12)
    assert read_expiry("30d", now) == now + timedelta(days=30)
    assert read_expiry("2w", now) == now + timedelta(weeks=2)
    assert read_expiry("2027-01-01T08:00:00+08:00", now) == datetime(2027, 1, 1, tzinfo=UTC)
    for wrong in ("", "d", "0d", "-1d", "1y", "99999d", "2027-01-01"):
        with pytest.raises(ConfigError):
            read_expiry(wrong, now)
