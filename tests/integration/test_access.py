"""Users, roles, tokens and the audit trail on a real database."""

import os
import threading
from datetime import UTC, datetime, timedelta

import pytest

from hub.errors import ConfigError, ConflictError, NotFoundError
from hub.flow import access, audit
from hub.flow.context import Hub
from hub.flow.password import password_fits
from hub.keyring import Keyring
from hub.model.permission import Grant


@pytest.fixture
def hub(db):
    """A hub with what access needs: a database and keys."""
    return Hub(None, db, Keyring.generate(), os.urandom(32), None, None, None, None)


def acts(hub):
    return [row.act for row in audit.recent(hub)][::-1]


def test_ensure_admin_when_first_start_then_makes_one_and_never_again(hub):
    password = access.ensure_admin(hub)
    assert password
    assert len(password) >= 20
    assert access.ensure_admin(hub) is None
    [(person, grants)] = access.list_users(hub)
    assert (person.name, person.must_change, grants) == ("admin", True, (Grant("admin"),))
    assert password not in person.password
    assert password_fits(password, person.password)


def test_ensure_admin_when_raced_then_one_password_is_given(hub):
    found, gate = [], threading.Barrier(4)

    def race():
        gate.wait(10)
        found.append(access.ensure_admin(hub))

    threads = [threading.Thread(target=race) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert len([password for password in found if password]) == 1
    assert len(access.list_users(hub)) == 1


def test_create_user_when_the_name_is_taken_in_any_spelling_then_conflict(hub):
    access.create_user(hub, "Li.Na", (Grant("viewer"),), author="cli")
    with pytest.raises(ConflictError):
        access.create_user(hub, " ｌi.na ", (), author="cli")


@pytest.mark.parametrize("name", ["", "   ", "a" * 81, "a\x00b", "a\nb"])
def test_create_user_when_the_name_is_unfit_then_refused(hub, name):
    with pytest.raises(ConfigError):
        access.create_user(hub, name, (), author="cli")


@pytest.mark.parametrize("password", ["short", "x" * 257])
def test_create_user_when_the_password_is_unfit_then_refused(hub, password):
    with pytest.raises(ConfigError):
        access.create_user(hub, "li", (), author="cli", password=password)


def test_grant_when_the_role_is_unknown_then_refused_with_the_known_ones(hub):
    access.create_user(hub, "li", (), author="cli")
    with pytest.raises(ConfigError, match="steward"):
        access.grant(hub, "li", Grant("boss"), author="cli")


def test_grant_when_repeated_with_locations_then_they_are_replaced(hub):
    access.create_user(hub, "li", (Grant("viewer", "tea"),), author="cli")
    access.grant(hub, "li", Grant("viewer", "tea", ("S1", "S2")), author="cli")
    access.grant(hub, "li", Grant("steward"), author="cli")
    [(_, grants)] = access.list_users(hub)
    assert set(grants) == {Grant("viewer", "tea", ("S1", "S2")), Grant("steward")}
    access.revoke(hub, "li", "steward", author="cli")
    with pytest.raises(NotFoundError):
        access.revoke(hub, "li", "steward", author="cli")


def test_token_when_made_then_only_its_hash_is_stored_and_it_opens(hub):
    token_id, text = access.create_token(hub, "viewer", "reports", author="cli", realm="tea")
    assert text.startswith("rht_")
    assert len(text) > 40
    dump = repr(hub.db.all("select * from token")) + repr(hub.db.all("select * from audit"))
    assert text not in dump
    assert text[4:] not in dump
    holder = access.holder_of(hub, text)
    assert holder.principal.actor == token_id
    assert holder.principal.may("record.see", "tea")
    assert not holder.principal.may("record.see", "coffee")


@pytest.mark.parametrize("text", ["", "rht_", "rht_unknown", "nope", "rht_\udcff", "rht_" + "a" * 10_000])
def test_token_when_unknown_then_nobody(hub, text):
    assert access.holder_of(hub, text) is None


def test_token_when_revoked_then_it_ends_at_once(hub):
    token_id, text = access.create_token(hub, "viewer", "reports", author="cli")
    access.revoke_token(hub, token_id, author="cli")
    assert access.holder_of(hub, text) is None
    with pytest.raises(NotFoundError):
        access.revoke_token(hub, token_id, author="cli")


def test_token_when_its_time_is_over_then_nobody(hub):
    _, text = access.create_token(hub, "viewer", "x", author="cli", expires_at=datetime.now(UTC) + timedelta(hours=1))
    assert access.holder_of(hub, text)
    hub.db.execute("update token set expires_at = now() - interval '1 second'")
    assert access.holder_of(hub, text) is None
    with pytest.raises(ConfigError):
        access.create_token(hub, "viewer", "x", author="cli", expires_at=datetime.now(UTC) - timedelta(hours=1))


def test_token_when_used_often_then_its_last_use_is_written_once_a_minute(hub):
    _, text = access.create_token(hub, "viewer", "x", author="cli")
    access.holder_of(hub, text)
    first = hub.db.one("select seen_at from token")
    access.holder_of(hub, text)
    assert hub.db.one("select seen_at from token") == first
    hub.db.execute("update token set seen_at = now() - interval '2 minutes'")
    access.holder_of(hub, text)
    assert hub.db.one("select seen_at from token") > first


def test_audit_when_acts_happen_then_the_chain_holds_pseudonyms_and_verifies(hub):
    access.create_user(hub, "wangxiaoming", (Grant("viewer"),), author="cli")
    token_id, _ = access.create_token(hub, "viewer", "reports", author="cli")
    access.revoke_token(hub, token_id, author="cli")
    assert acts(hub) == ["user.created", "token.created", "token.revoked"]
    chain = audit.verify(hub)
    assert (chain.rows, chain.broken_at) == (3, None)
    assert len(chain.head) == 64
    assert "wangxiaoming" not in repr(hub.db.all("select * from audit"))


@pytest.mark.parametrize(
    "tampering",
    [
        "update audit set act = 'x' where seq = (select seq from audit order by seq offset 2 limit 1)",
        "update audit set actor = 'x' where seq = (select seq from audit order by seq offset 2 limit 1)",
        "update audit set detail = '{\"n\": 99}' where seq = (select seq from audit order by seq offset 2 limit 1)",
        "update audit set at = at + interval '1 microsecond' where seq = (select seq from audit order by seq offset 2 limit 1)",
        "delete from audit where seq = (select seq from audit order by seq offset 1 limit 1)",
    ],
)
def test_audit_when_a_row_was_changed_then_verify_names_the_place(hub, tampering):
    rows = [audit.record(hub, "cli", "test", n=n) for n in range(5)]
    hub.db.execute(tampering)
    chain = audit.verify(hub)
    assert (chain.rows, chain.broken_at) == (1 if "delete" in tampering else 2, rows[2])


def test_audit_when_many_append_at_once_then_the_chain_has_one_order(hub):
    threads = [
        threading.Thread(target=lambda: [audit.record(hub, "cli", "test", n=n) for n in range(20)]) for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    chain = audit.verify(hub)
    assert (chain.rows, chain.broken_at) == (80, None)


def test_audit_when_longer_than_a_step_then_verify_reads_all_of_it(hub, monkeypatch):
    monkeypatch.setattr("hub.store.audit._STEP", 3)
    for n in range(10):
        audit.record(hub, "cli", "test", n=n)
    assert audit.verify(hub).rows == 10


def test_admin_when_the_last_one_then_can_be_neither_barred_nor_lose_the_role(hub):
    access.ensure_admin(hub)
    for act in (
        lambda: access.set_disabled(hub, "admin", disabled=True, author="cli"),
        lambda: access.revoke(hub, "admin", "admin", author="cli"),
        lambda: access.grant(hub, "admin", Grant("admin", "*", ("S1",)), author="cli"),
    ):
        with pytest.raises(ConflictError, match="make another admin first"):
            act()
    access.create_user(hub, "second", (Grant("admin"),), author="cli")
    access.set_disabled(hub, "admin", disabled=True, author="cli")
    with pytest.raises(ConflictError):
        access.set_disabled(hub, "second", disabled=True, author="cli")


def test_admins_when_they_bar_each_other_at_once_then_one_stays(hub):
    names = ("one", "two")
    for name in names:
        access.create_user(hub, name, (Grant("admin"),), author="cli")
    refused = []

    def bar(name):
        try:
            access.set_disabled(hub, name, disabled=True, author="cli")
        except ConflictError:
            refused.append(name)

    threads = [threading.Thread(target=bar, args=(name,)) for name in names]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(refused) == 1
    assert [person.name for person, _ in access.list_users(hub) if person.disabled_at is None] == refused


def test_chain_when_checked_then_noted_and_followed_from_there(hub):
    for number in range(3):
        audit.record(hub, "cli", "test.act", f"thing {number}")
    assert audit.state(hub) == (None, 3)
    first = audit.verify(hub)
    assert (first.rows, first.broken_at) == (3, None)
    audit.record(hub, "cli", "test.other")
    checked, added = audit.state(hub)
    assert checked is not None
    assert (checked.chain.seq, added) == (first.seq, 1)
    assert audit.verify_new(hub).rows == 4
    hub.db.execute("update audit set actor = 'somebody' where act = 'test.other'")
    assert audit.verify_new(hub).broken_at is None  # what was checked is not looked at again
    assert audit.verify(hub).broken_at == first.seq + 1
    hub.db.execute("update audit set actor = 'cli' where act = 'test.other'")
    assert audit.verify_new(hub).broken_at is None  # a broken chain is followed from its first row
    hub.db.execute("delete from audit where act = 'test.other'")
    cut = audit.verify_new(hub)
    assert cut.broken_at == first.seq + 1  # rows cut off the end are missed, too


def test_trail_when_filtered_then_only_what_fits(hub):
    for number in range(4):
        audit.record(hub, "usr_A" if number % 2 else "cli", f"user.act{number}", "thing")
    wish = audit.Filter(actor="cli")
    assert [row.act for row in audit.trail(hub, wish, 10)] == ["user.act2", "user.act0"]
    assert len(audit.trail(hub, audit.Filter(act="user"), 10)) == 4
    assert [row.act for row in audit.trail(hub, audit.Filter(act="user.act1"), 10)] == ["user.act1"]
    seqs = [row.seq for row in audit.trail(hub, audit.Filter(), 10)]
    assert [row.seq for row in audit.trail(hub, audit.Filter(before=seqs[1]), 10)] == seqs[2:]
    assert [row.seq for row in audit.trail(hub, audit.Filter(after=seqs[2]), 10)] == seqs[:2]
    assert audit.acts(hub) == [f"user.act{number}" for number in range(4)]


def test_sessions_when_ended_for_a_user_then_all_are_gone(hub):
    from hub.flow import login

    access.create_user(hub, "li", (Grant("viewer"),), author="cli", password="a sentence nobody guesses")
    cookies = [login.log_in(hub, "li", "a sentence nobody guesses", address="127.0.0.1") for _ in range(2)]
    assert len(login.open_sessions(hub)) == 2
    assert access.end_sessions(hub, "li", author="cli") == 2
    assert [login.visit_of(hub, cookie) for cookie in cookies] == [None, None]
