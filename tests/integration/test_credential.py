"""Access tokens: one refresh for all processes, whoever of them dies, hangs or is told no."""

from __future__ import annotations

import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from hub.errors import ConfigError, ConnectionPausedError, HubError, RejectedError, RetryableError, UnknownOutcomeError
from hub.flow import credential
from hub.flow.account import disconnect, pause, resume
from hub.flow.configure import Wish, connect
from hub.flow.connection import Connections
from hub.flow.context import Hub
from hub.keyring import Keyring
from hub.sdk.account import AccessToken, Account
from hub.sdk.testing import wait_until
from tests.fixtures import teller
from tests.fixtures.bare import bare_hub


@pytest.fixture
def hub(database_url: str, redis_url: str, tmp_path: Path) -> Iterator[Hub]:
    with bare_hub(database_url, redis_url, tmp_path) as made:
        connect(made, Wish("shop", "till", secrets={"secret": ["s"]}, flows={"order": "in"}), "test")
        yield made


@pytest.fixture
def start(hub: Hub, tmp_path: Path) -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """Starts tellers; ends what is left of them."""
    started: list[subprocess.Popen[str]] = []

    def begin(*mode: str) -> subprocess.Popen[str]:
        started.append(teller.start(hub, tmp_path / "refreshes", *mode))
        return started[-1]

    yield begin
    for one in started:
        one.kill()
        one.communicate()


class Issuer:
    """What issues tokens: counts, and does as the test says."""

    def __init__(self, lasts_s: float = 3600.0) -> None:
        self.count = 0
        self.lasts_s = lasts_s
        self.error: Exception | None = None

    def __call__(self) -> AccessToken:
        self.count += 1
        if self.error:
            raise self.error
        return AccessToken(f"token {self.count}", time.time() + self.lasts_s, {"api": "https://api.example"})


def process(hub: Hub) -> Account:
    """The account as another process has it: nothing in memory."""
    connections = Connections(hub.db, hub.keyring, hub.registry, hub.settings)
    return connections.connector("shop").account


def go(teller_: subprocess.Popen[str]) -> None:
    assert teller_.stdin is not None
    teller_.stdin.write("go\n")
    teller_.stdin.flush()


def line(teller_: subprocess.Popen[str]) -> str:
    assert teller_.stdout is not None
    return teller_.stdout.readline().strip()


def test_token_when_many_processes_ask_at_once_then_one_refreshes(
    start: Callable[..., subprocess.Popen[str]], tmp_path: Path
) -> None:
    tellers = [start() for _ in range(4)]
    assert [line(one) for one in tellers] == ["ready"] * 4
    for one in tellers:
        go(one)
    assert len({line(one) for one in tellers}) == 1
    assert len(teller.refreshes(tmp_path / "refreshes")) == 1


def test_token_when_the_refresher_is_killed_then_the_next_one_takes_over(
    hub: Hub, start: Callable[..., subprocess.Popen[str]], tmp_path: Path
) -> None:
    dying = start("hang")
    line(dying)
    go(dying)
    assert wait_until(lambda: len(teller.refreshes(tmp_path / "refreshes")) == 1)
    issuer, found = Issuer(), []
    waiting = threading.Thread(target=lambda: found.append(process(hub).token(issuer)))
    waiting.start()
    assert wait_until(lambda: hub.db.one("select count(*) from pg_locks where not granted") != (0,))
    assert (issuer.count, found) == (0, [])
    dying.kill()
    waiting.join(10)
    assert [token.value for token in found] == ["token 1"]


def test_token_when_the_refresher_hangs_then_the_database_ends_it_and_another_goes_on(
    hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(credential, "REFRESH_S", 0.3)
    begun, release, late = threading.Event(), threading.Event(), []

    def hangs() -> AccessToken:
        begun.set()
        assert release.wait(20)
        return AccessToken("late", time.time() + 3600)

    hanging = threading.Thread(target=lambda: late.append(process(hub).token(hangs)))
    hanging.start()
    assert begun.wait(10)
    assert process(hub).token(Issuer()).value == "token 1"
    release.set()
    hanging.join(10)
    # Its own call may go on with what it was given; everybody else has the other one.
    assert [token.value for token in late] == ["late"]
    assert process(hub).token(Issuer()).value == "token 1"


def test_token_when_the_refresher_hangs_longer_than_one_waits_then_later(
    hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(credential, "WAIT_S", 0.2)
    begun, release = threading.Event(), threading.Event()

    def hangs() -> AccessToken:
        begun.set()
        assert release.wait(20)
        return AccessToken("first", time.time() + 3600)

    account = process(hub)
    hanging = threading.Thread(target=lambda: account.token(hangs))
    hanging.start()
    assert begun.wait(10)
    for asked in (account, process(hub)):
        with pytest.raises(RetryableError, match="another process has been renewing"):
            asked.token(Issuer())
    release.set()
    hanging.join(10)
    assert process(hub).token(Issuer()).value == "first"


def test_token_when_threads_of_one_process_ask_then_one_refreshes(hub: Hub) -> None:
    account, issuer = process(hub), Issuer()
    with ThreadPoolExecutor(8) as pool:
        values = {token.value for token in pool.map(lambda _: account.token(issuer), range(32))}
    assert (values, issuer.count) == ({"token 1"}, 1)


def test_token_when_issued_then_stored_sealed_with_its_facts(hub: Hub) -> None:
    process(hub).token(Issuer())
    (sealed,) = hub.db.one("select sealed from access_token") or (b"",)
    assert b"token 1" not in sealed
    assert b"api.example" not in sealed
    assert process(hub).token(Issuer()).facts == {"api": "https://api.example"}


def test_token_when_it_is_about_to_expire_then_renewed(hub: Hub) -> None:
    issuer = Issuer(lasts_s=200)
    account = process(hub)
    assert account.token(issuer, renew_before_s=100).value == "token 1"
    assert account.token(issuer, renew_before_s=100).value == "token 1"
    assert account.token(issuer, renew_before_s=300).value == "token 2"


def test_token_when_renewing_fails_for_now_then_the_old_one_serves_while_it_lasts(hub: Hub) -> None:
    issuer = Issuer(lasts_s=200)
    account = process(hub)
    account.token(issuer)
    issuer.error = RetryableError("crm: 503", retry_after_s=30)
    assert account.token(issuer).value == "token 1"
    assert process(hub).token(issuer).value == "token 1"
    assert issuer.count == 2


def test_token_when_another_one_renews_and_the_old_one_lasts_then_nobody_waits(hub: Hub) -> None:
    process(hub).token(Issuer(lasts_s=200))
    begun, release = threading.Event(), threading.Event()

    def slow() -> AccessToken:
        begun.set()
        assert release.wait(20)
        return AccessToken("new", time.time() + 3600)

    renewing = threading.Thread(target=lambda: process(hub).token(slow))
    renewing.start()
    assert begun.wait(10)
    assert process(hub).token(Issuer()).value == "token 1"
    release.set()
    renewing.join(10)
    assert process(hub).token(Issuer()).value == "new"


def test_reject_when_many_reject_the_same_token_then_one_refresh(hub: Hub) -> None:
    issuer, accounts = Issuer(), [process(hub), process(hub)]
    tokens = [account.token(issuer) for account in accounts]
    for account, token in zip(accounts, tokens, strict=True):
        account.reject(token)
        account.reject(token)
        account.token(issuer)
    # The second process was late: what it rejects was replaced already.
    assert issuer.count == 2
    accounts[1].reject(tokens[0])
    assert [account.token(issuer).value for account in accounts] == ["token 2", "token 2"]


@pytest.mark.parametrize(
    ("raised", "expected"),
    [
        (ConnectionPausedError("crm: invalid_code"), ConnectionPausedError),
        (RejectedError("crm: 400"), ConnectionPausedError),
        (ConfigError("crm: no client id"), ConfigError),
        (RetryableError("crm: 503"), RetryableError),
        (UnknownOutcomeError("crm: the answer was lost"), RetryableError),
        (KeyError("secret of a person"), RetryableError),
    ],
)
def test_token_when_refused_then_everybody_is_told_and_nobody_tries_again(
    hub: Hub, raised: Exception, expected: type[HubError]
) -> None:
    issuer = Issuer()
    issuer.error = raised
    texts = set()
    for _ in range(3):
        with pytest.raises(expected) as caught:
            process(hub).token(issuer)
        texts.add(str(caught.value))
    assert issuer.count == 1
    assert len(texts) == 1
    assert "person" not in texts.pop()


def test_token_when_the_time_of_an_error_is_over_then_tried_again(hub: Hub) -> None:
    issuer = Issuer()
    issuer.error = RetryableError("crm: 503", retry_after_s=2)
    with pytest.raises(RetryableError):
        process(hub).token(issuer)
    with pytest.raises(RetryableError) as caught:
        process(hub).token(issuer)
    assert 0.5 <= (caught.value.retry_after_s or 0) <= 2
    issuer.error = None
    hub.db.execute("update access_token set failed_at = failed_at - interval '2 seconds'")
    assert process(hub).token(issuer).value == "token 2"


def test_token_when_somebody_resumes_the_connection_then_tried_again(hub: Hub) -> None:
    issuer = Issuer()
    issuer.error = ConnectionPausedError("crm: invalid_code")
    with pytest.raises(ConnectionPausedError):
        process(hub).token(issuer)
    pause(hub, "shop", "hub")
    resume(hub, "shop", "li")
    issuer.error = None
    assert process(hub).token(issuer).value == "token 2"


def test_token_when_secret_or_setting_changes_then_forgotten(hub: Hub) -> None:
    issuer = Issuer()
    old = process(hub)
    old.token(issuer)
    pause(hub, "shop", "hub")
    resume(hub, "shop", "li")
    assert process(hub).token(issuer).value == "token 1"
    connect(hub, Wish("shop", secrets={"secret": ["other"]}), "test")
    assert process(hub).token(issuer).value == "token 2"
    connect(hub, Wish("shop", config={"zone": "UTC"}), "test")
    assert process(hub).token(issuer).value == "token 3"
    # Who still works with what it knew before changes nothing for the others.
    assert old.token(issuer).value == "token 1"
    assert process(hub).token(issuer).value == "token 3"


def test_token_when_it_was_sealed_under_a_key_that_is_gone_then_refreshed(hub: Hub) -> None:
    issuer = Issuer()
    process(hub).token(issuer)
    hub.db.execute("delete from secret")
    hub.db.execute("update access_token set basis = null")
    connect(hub, Wish("shop", secrets={"secret": ["s"]}), "test")
    process(hub).token(issuer)
    (basis,) = hub.db.one("select basis from access_token") or (b"",)
    row = hub.connections.by_name("shop")
    account = credential.SharedAccount(hub.db, Keyring.generate(), row, basis, "")
    assert account.token(issuer).value == "token 3"


def test_token_when_the_database_is_away_then_the_known_one_serves(hub: Hub) -> None:
    account, issuer = process(hub), Issuer(lasts_s=200)
    account.token(issuer)
    hub.db.close()
    token = account.token(issuer)
    assert token.value == "token 1"
    with pytest.raises(RetryableError):
        account.reject(token)
    with pytest.raises(RetryableError):
        account.token(issuer)


def test_token_when_names_differ_then_each_has_its_own(hub: Hub) -> None:
    issuer = Issuer()
    account = process(hub)
    assert [account.token(issuer, name=name).value for name in ("a", "b", "a")] == ["token 1", "token 2", "token 1"]
    disconnect(hub, "shop", "li")
    assert hub.db.one("select count(*) from access_token") == (0,)


def test_webhook_url_when_the_hub_has_a_public_address_then_names_the_connection(hub: Hub) -> None:
    assert process(hub).webhook_url == ""
    hub.settings = replace(hub.settings, public_url="https://hub.example/")
    assert process(hub).webhook_url == "https://hub.example/webhooks/shop"
    assert credential.webhook_url("https://hub.example", "店铺 1") == (
        "https://hub.example/webhooks/%E5%BA%97%E9%93%BA%201"
    )
