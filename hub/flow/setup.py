"""Setting a connection up step by step: what is entered so far, checked live, and at last stored as a connection.

It is the same `connect` as everywhere; this only keeps what a person has entered until all of it is there.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import orjson

from hub.errors import ConfigError, ConflictError, HubError, NotFoundError
from hub.flow import account, configure
from hub.flow.connection import settings_of
from hub.flow.context import Hub
from hub.flow.credential import webhook_url
from hub.flow.wish import Wish, config_problems, flow_problems, name_problems, secret_problems
from hub.sdk.account import LocalAccount
from hub.sdk.connector import CheckResult, Connector
from hub.sdk.http import HttpClient
from hub.sdk.webhooks import new_secret
from hub.store import setup as store
from hub.store.database import Connection
from hub.store.setup import SetupRow

STEPS = ("prepare", "credentials", "streams", "notifications", "first-pull")


@dataclass(frozen=True, slots=True)
class Setup:
    """One connection that is being set up. `settings`: realm, config, flows, rank, `known` (secret -> last4, at), `check`."""

    row: SetupRow
    secrets: dict[str, str] = field(repr=False)

    @property
    def id(self) -> uuid.UUID:
        """Its id."""
        return self.row.id

    @property
    def name(self) -> str:
        """The name that the connection has or gets."""
        return self.row.name

    @property
    def settings(self) -> dict[str, Any]:
        """What was entered, without secrets."""
        return self.row.settings

    @property
    def reached(self) -> str:
        """The furthest step that may be opened."""
        return STEPS[min(self.row.step, len(STEPS)) - 1]


def begin(hub: Hub, person_id: uuid.UUID, connector: str, name: str, realm: str = "default") -> Setup:
    """Begins one; `ConfigError` or `ConflictError` when it could never be connected under that name."""
    hub.registry.connector(connector)
    taken = hub.connections.find(name)
    problems = name_problems(name, is_new=taken is None)
    if problems:
        raise ConfigError("; ".join(problems))
    if taken is not None and (taken.disconnected_at is None or taken.connector != connector or taken.realm != realm):
        raise ConflictError(f"there is a connection {name!r} already: choose another name")
    row = hub.db.run(lambda conn: store.insert(conn, person_id, connector, name, {"realm": realm}))
    return _move(hub, Setup(row, {}), step=2)


def load(hub: Hub, setup_id: uuid.UUID) -> Setup:
    """The one of that id, whoever began it; `NotFoundError` when there is none (any more)."""
    row = hub.db.run(lambda conn: store.get(conn, setup_id))
    if row is None:
        raise NotFoundError("this setup is finished or was given up")
    return Setup(row, _opened(hub, row))


def mine(hub: Hub, person_id: uuid.UUID) -> list[SetupRow]:
    """What this person began and has not finished, newest first."""
    return hub.db.run(lambda conn: store.of_person(conn, person_id))


def of_connection(hub: Hub, connection_id: int) -> SetupRow | None:
    """The unfinished setup of a stored connection, whoever began it."""
    return hub.db.run(lambda conn: store.of_connection(conn, connection_id))


def set_credentials(
    hub: Hub, setup: Setup, config: Mapping[str, str], secrets: Mapping[str, str], actor: str
) -> CheckResult:
    """Keeps settings and secrets (an empty secret keeps the one before) and asks the system whether they work.

    A connection that is stored already is changed at once. `ConfigError` lists what is wrong by itself.
    """
    kind = hub.registry.connector(setup.row.connector)
    given = {name: value for name, value in secrets.items() if value}
    made = [
        declared.name
        for declared in kind.manifest.config
        if declared.generated and not given.get(declared.name) and declared.name not in setup.settings.get("known", {})
    ]
    given |= {name: new_secret() for name in made}
    plain = {name: value.strip() for name, value in config.items() if value.strip()}
    present = {*setup.settings.get("known", {}), *given}
    problems = [*config_problems(kind.manifest, plain), *secret_problems(kind.manifest, given, present)]
    if problems:
        raise ConfigError("; ".join(problems))
    settings = {**setup.settings, "config": plain, "known": _known(setup, given), "made": _made(setup, given, made)}
    kept = Setup(setup.row, {**setup.secrets, **given})
    if setup.row.connection_id is not None:
        wish = Wish(setup.name, config=plain, secrets={n: [v] for n, v in given.items()}, is_begun=False)
        configure.connect(hub, wish, actor)
        found = account.check(hub, setup.name)
        kept = setup
    else:
        found = try_out(hub, kind, setup.name, plain, kept.secrets)
    settings["check"] = {
        "ok": found.ok, "message": found.message, "facts": dict(found.facts), "warnings": list(found.warnings),
        "at": datetime.now(UTC).isoformat(),
    }  # fmt: skip
    _move(hub, kept, step=3, settings=settings)
    return found


def try_out(
    hub: Hub, kind: type[Connector], name: str, config: Mapping[str, Any], secrets: Mapping[str, str]
) -> CheckResult:
    """A live check of settings that are not stored. Never raises for what they, or the system, are to blame for."""
    settings = settings_of(kind, dict(config))
    http = HttpClient.for_connection(kind.manifest, name, settings, hub.settings.allowed_private_hosts)
    local = LocalAccount(webhook_url(hub.settings.public_url, name))
    try:
        connector = kind(name, settings, {key: (value,) for key, value in secrets.items()}, http, local)
        try:
            return connector.check()
        except Exception as error:
            raise connector.classify(error) from error
    except HubError as error:
        return CheckResult(False, str(error))
    except Exception as error:  # noqa: BLE001 -- a bug in a connector is its finding; its text may quote the system
        return CheckResult(False, f"the connector crashed with {type(error).__name__}")
    finally:
        http.close()


def set_flows(hub: Hub, setup: Setup, flows: Mapping[str, str], rank: int | None, actor: str) -> None:
    """Keeps what flows and stores the connection, still off: it takes notifications in, nothing is read yet.

    Errors: those of `hub.flow.configure.connect`.
    """
    chosen = {kind: way for kind, way in flows.items() if way}
    problems = flow_problems(hub, hub.registry.connector(setup.row.connector), chosen)
    if not chosen:
        problems = ["choose at least one kind that flows"]
    if problems:
        raise ConfigError("; ".join(problems))
    entered = setup.settings
    wish = Wish(
        setup.name,
        connector=setup.row.connector,
        realm=entered.get("realm"),
        config=entered.get("config", {}),
        secrets={name: [value] for name, value in setup.secrets.items()},
        flows=chosen,
        rank=rank,
        is_whole=True,
        is_begun=False,
    )
    configure.connect(hub, wish, actor)
    settings = {**entered, "flows": chosen, "rank": rank}
    # The secrets stand with the connection now, but one that the hub made is still to be handed over, once.
    kept = {name: value for name, value in setup.secrets.items() if name in entered.get("made", ())}
    connection_id = hub.connections.by_name(setup.name).id
    _move(hub, Setup(setup.row, kept), step=4, settings=settings, connection_id=connection_id)


def hand_over(hub: Hub, setup: Setup) -> dict[str, str]:
    """The secrets that the hub made, for the one time they are shown; empty afterwards."""
    made = {name: value for name, value in setup.secrets.items() if name in setup.settings.get("made", ())}
    _move(hub, Setup(setup.row, {}), settings={**setup.settings, "made": []})
    return made


def go_on(hub: Hub, setup: Setup, step: str) -> None:
    """Opens the next step."""
    _move(hub, setup, step=STEPS.index(step) + 1)


def finish(hub: Hub, setup: Setup) -> None:
    """It is a connection now; what was entered here is forgotten. Also for giving up before one was stored."""
    hub.db.run(lambda conn: store.delete(conn, setup.id))


def _known(setup: Setup, given: Mapping[str, str]) -> dict[str, Any]:
    """Name -> when each secret was set, and its last four characters where they give nothing away."""
    now = datetime.now(UTC).isoformat()
    fresh = {name: {"last4": value[-4:] if len(value) >= 12 else "", "at": now} for name, value in given.items()}
    return {**setup.settings.get("known", {}), **fresh}


def _made(setup: Setup, given: Mapping[str, str], fresh: list[str]) -> list[str]:
    kept = [name for name in setup.settings.get("made", ()) if name not in given]
    return sorted({*kept, *fresh})


def _move(hub: Hub, setup: Setup, *, step: int | None = None, **values: Any) -> Setup:
    def work(conn: Connection) -> SetupRow:
        changed = dict(values)
        if step is not None:
            changed["step"] = max(step, setup.row.step)
        changed["sealed_secrets"] = _sealed(hub, setup) if setup.secrets else None
        store.update(conn, setup.id, changed)
        row = store.get(conn, setup.id)
        if row is None:
            raise NotFoundError("this setup was finished or given up meanwhile")
        return row

    return Setup(hub.db.run(work), setup.secrets)


def _sealed(hub: Hub, setup: Setup) -> bytes:
    return hub.keyring.seal(orjson.dumps(setup.secrets), place(setup.id))


def _opened(hub: Hub, row: SetupRow) -> dict[str, str]:
    if row.sealed_secrets is None:
        return {}
    try:
        found: dict[str, str] = orjson.loads(hub.keyring.open(row.sealed_secrets, place(row.id)))
    except ConfigError:
        # Its key left the ring: they are entered again.
        return {}
    return found


def place(setup_id: uuid.UUID) -> bytes:
    """What the secrets of a setup are bound to."""
    return b"setup:" + setup_id.bytes
