"""The settings: one frozen object, read from the environment once, at the start of a process."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import MISSING, Field, dataclass, field, fields, replace
from difflib import get_close_matches
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from hub.errors import ConfigError

ENVIRONMENTS = ("production", "demo", "test")
KEY_FILE = "secret.key"
HIDDEN = "(hidden)"
GIVEN = "HUB_GIVEN"


def _text(value: str) -> str:
    return value.strip()


def _path(value: str) -> Path:
    return Path(value).expanduser().absolute()


def _names(value: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in value.split(",") if part.strip())


def _one_of(*choices: str) -> Callable[[str], str]:
    def read(value: str) -> str:
        if value not in choices:
            raise ValueError(f"must be one of {', '.join(choices)}")
        return value

    return read


def _number(low: int, high: int) -> Callable[[str], int]:
    def read(value: str) -> int:
        if not value.isascii() or not value.isdecimal() or not low <= int(value) <= high:
            raise ValueError(f"must be a whole number from {low} to {high}")
        return int(value)

    return read


def _url(*schemes: str) -> Callable[[str], str]:
    def read(value: str) -> str:
        if value.partition("://")[0] not in schemes:
            raise ValueError(f"must be a URL that starts with {' or '.join(s + '://' for s in schemes)}")
        return value

    return read


def setting(
    variable: str, default: Any, read: Callable[[str], Any], text: str, *, example: str = "", secret: bool = False
) -> Any:
    """Declares one setting: its environment variable, default, reader (raises ValueError) and help."""
    about = {"variable": variable, "read": read, "help": text, "example": example, "secret": secret}
    return field(default=default, repr=not secret, metadata=about)


@dataclass(frozen=True, slots=True)
class Settings:
    """What is in force in this process. `dataclasses.replace` makes variants; nothing changes one in place."""

    database_url: str = setting(
        "DATABASE_URL",
        "",
        _url("postgresql", "postgres"),
        "The Postgres database (15 or later). Unset: an embedded server in HUB_DATA_DIR",
        example="postgresql://hub@db.example/hub",
        secret=True,
    )
    redis_url: str = setting(
        "REDIS_URL",
        "",
        _url("redis", "rediss", "unix", "valkey"),
        "The Redis or Valkey for wake-ups and rate budgets; it may lose its data. Unset: an embedded server in HUB_DATA_DIR",
        example="redis://redis.example:6379/0",
        secret=True,
    )
    data_dir: Path = setting(
        "HUB_DATA_DIR",
        Path("var"),
        _path,
        "Folder of the embedded servers, the key and the logs",
        example="/var/lib/retail-hub",
    )
    secret_key: str = setting(
        "HUB_SECRET_KEY",
        "",
        _text,
        "Keys for encryption at rest, newest first, NUMBER:BASE64 of 32 bytes each. "
        "Embedded: created in HUB_DATA_DIR/secret.key at the first start",
        example="1:BASE64,0:BASE64",
        secret=True,
    )
    secret_key_file: Path | None = setting(
        "HUB_SECRET_KEY_FILE", None, _path, "A file that holds what HUB_SECRET_KEY would", example="/run/secrets/hub"
    )
    mappings_dir: Path | None = setting(
        "HUB_MAPPINGS_DIR",
        None,
        _path,
        "Folder of mappings, policies and look-ups of your own; they win over the built-in ones",
        example="/etc/retail-hub/mappings",
    )
    allowed_private_hosts: tuple[str, ...] = setting(
        "HUB_ALLOWED_PRIVATE_HOSTS",
        (),
        _names,
        "Hosts, HOST:PORT or CIDRs that connectors may reach although they are private or loopback",
        example="10.2.0.0/16,till.local,127.0.0.1:9100",
    )
    environment: str = setting(
        "HUB_ENVIRONMENT", "production", _one_of(*ENVIRONMENTS), f"One of {', '.join(ENVIRONMENTS)}", example="demo"
    )
    drift_null_run: int = setting(
        "HUB_DRIFT_NULL_RUN",
        20,
        _number(2, 100_000),
        "From so many records in a row whose source turned a field to null, writes of that field wait for a person",
        example="50",
    )
    host: str = setting("HUB_HOST", "127.0.0.1", _text, "Address the web server listens on", example="0.0.0.0")  # noqa: S104
    port: int = setting("HUB_PORT", 0, _number(0, 65535), "Port of the web server; 0 takes a free one", example="8000")
    public_url: str = setting(
        "HUB_PUBLIC_URL",
        "",
        _url("https", "http"),
        "How other systems reach the hub, for webhook subscriptions and links",
        example="https://hub.example",
    )
    workers: int = setting("HUB_WORKERS", 2, _number(1, 64), "Pipeline workers that `run` starts", example="4")
    pool_size: int = setting("HUB_POOL_SIZE", 8, _number(2, 100), "Database connections of a process", example="12")
    body_limit_bytes: int = setting(
        "HUB_BODY_LIMIT_BYTES",
        10 * 1024 * 1024,
        _number(1024, 1024**3),
        "Largest request body, after decompression",
        example="20971520",
    )
    batch_timeout_s: int = setting(
        "HUB_BATCH_TIMEOUT_S",
        20,
        _number(2, 600),
        "A worker that stays longer in one batch is killed; the batch is done again, item by item",
        example="60",
    )
    linger_s: int = setting(
        "HUB_LINGER_S", 30, _number(0, 600), "How long a worker with nothing to do waits before it ends", example="10"
    )
    away_after_s: int = setting(
        "HUB_AWAY_AFTER_S",
        45,
        _number(5, 3600),
        "For how long the calls to a system must have failed before an alert says that it does not answer",
        example="120",
    )
    slow_after_s: int = setting(
        "HUB_SLOW_AFTER_S",
        60,
        _number(10, 86400),
        "How old a due delivery must be before an alert says that its system is slow",
        example="300",
    )
    worker_nice: int = setting(
        "HUB_WORKER_NICE",
        10,
        _number(0, 19),
        "How far workers, and their sessions at an embedded database, step back when the processor is short, so that webhooks and the"
        " console are answered first; 0: not at all",
        example="5",
    )
    match_claim_s: int = setting(
        "HUB_MATCH_CLAIM_S",
        300,
        _number(10, 86400),
        "For how long a pair of records that was given to a steward is given to nobody else",
        example="600",
    )
    log_level: str = setting(
        "HUB_LOG_LEVEL", "warning", _one_of("debug", "info", "warning", "error"), "Least level logged", example="info"
    )

    @property
    def is_embedded(self) -> bool:
        """Whether the hub brings its own database."""
        return not self.database_url


def declared() -> list[Field[Any]]:
    """Every setting; `metadata` has `variable, read, help, example, secret`."""
    return list(fields(Settings))


def load_settings(env: Mapping[str, str] | None = None) -> Settings:
    """Reads the settings from an environment. Empty variables count as unset.

    Raises:
        ConfigError: all variables that are wrong, each with what it must be; never the value of a secret.
    """
    env = os.environ if env is None else env
    values: dict[str, Any] = {}
    wrong = []
    for about in declared():
        variable = about.metadata["variable"]
        raw = env.get(variable, "")
        if not raw.strip():
            continue
        try:
            values[about.name] = about.metadata["read"](raw)
        except ValueError as error:
            shown = "" if about.metadata["secret"] else f" (it is {raw[:80]!r})"
            wrong.append(
                f"{variable} {error}{shown}; {about.metadata['help']}, for example {about.metadata['example']}"
            )
    if wrong:
        raise ConfigError("\n".join(wrong))
    values["data_dir"] = values.get("data_dir", Settings().data_dir).absolute()
    return _with_key(Settings(**values))


def _with_key(settings: Settings) -> Settings:
    path = settings.secret_key_file
    if settings.secret_key:
        return settings
    if path is None:
        path = settings.data_dir / KEY_FILE
        if not settings.is_embedded or not path.exists():
            return settings
    try:
        return replace(settings, secret_key=path.read_text().strip(), secret_key_file=path)
    except OSError as error:
        raise ConfigError(f"HUB_SECRET_KEY_FILE: cannot read {path}: {error.strerror}") from error


def describe(settings: Settings) -> list[dict[str, str]]:
    """What is in force: `name, variable, value, default, help` per setting, secrets hidden."""
    return [
        {
            "name": about.name,
            "variable": about.metadata["variable"],
            "value": _shown(about, getattr(settings, about.name)),
            "default": "" if about.default is MISSING else _plain(about.default),
            "help": about.metadata["help"],
        }
        for about in declared()
    ]


def origins(settings: Settings, env: Mapping[str, str] | None = None) -> dict[str, str]:
    """Where each setting (by name) comes from: `environment`, `file`, `launcher` (what `run` filled in) or `default`."""
    env = os.environ if env is None else env
    # A process that `run` started finds every setting in its environment; GIVEN says which a person set.
    told = env[GIVEN].split(",") if GIVEN in env else None
    found = {}
    for about in declared():
        variable, value = about.metadata["variable"], getattr(settings, about.name)
        is_set = variable in told if told is not None else bool(env.get(variable, "").strip())
        if is_set:
            found[about.name] = "environment"
        elif about.name == "secret_key" and settings.secret_key_file and value:
            found[about.name] = "file"
        else:
            is_default = value == about.default or not value or (about.name == "data_dir" and told is None)
            found[about.name] = "default" if is_default else "launcher"
    return found


def given(env: Mapping[str, str]) -> str:
    """The value of `GIVEN` for a child process: the variables that a person set, by comma."""
    if GIVEN in env:
        return env[GIVEN]
    return ",".join(a.metadata["variable"] for a in declared() if env.get(a.metadata["variable"], "").strip())


def to_env(settings: Settings) -> dict[str, str]:
    """The variables that make `load_settings` return the same settings: what a child process is started with.

    Keys that came out of a file stay there.
    """
    shown = {about.metadata["variable"]: _plain(getattr(settings, about.name)) for about in declared()}
    if settings.secret_key_file:
        del shown["HUB_SECRET_KEY"]
    return {variable: text for variable, text in shown.items() if text}


def unknown_variables(env: Mapping[str, str]) -> list[str]:
    """Sentences about `HUB_*` variables that look like a slip of a setting's name, for `check` to show.

    No error, because secrets given by `env:` reference and cluster managers use names of their own.
    """
    known = [about.metadata["variable"] for about in declared()]
    near = {name: get_close_matches(name, known, n=1, cutoff=0.8) for name in sorted(env) if name.startswith("HUB_")}
    return [
        f"{name} is not a setting: did you mean {found[0]}?"
        for name, found in near.items()
        if found and name not in known
    ]


def _plain(value: Any) -> str:
    if value is None:
        return ""
    return ",".join(value) if isinstance(value, tuple) else str(value)


def _shown(about: Field[Any], value: Any) -> str:
    text = _plain(value)
    if not about.metadata["secret"] or not text:
        return text
    return _without_password(text) if about.name.endswith("_url") else HIDDEN


def _without_password(url: str) -> str:
    try:
        parts = urlsplit(url)
        secret = parts.password is not None or "password" in parts.query.lower()
    except ValueError:
        return HIDDEN
    if not secret:
        return url
    name, _, place = parts.netloc.rpartition("@")
    user = name.partition(":")[0]
    return urlunsplit((parts.scheme, f"{user}:***@{place}" if name else place, parts.path, "", ""))
