"""Brings the schema up to date: plain SQL files, ordered and recorded by Alembic."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from hub.store.database import Database
from hub.store.partition import ensure_partitions

FOLDER = Path(__file__).parent / "migrations"
# Any constant will do; two starts at once must agree on it.
MIGRATION_LOCK = 0x52485F4D


if TYPE_CHECKING:
    from alembic.config import Config


# Alembic and SQLAlchemy are loaded where they are used: they are a quarter of a web process's memory.
def _config() -> Config:
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(FOLDER))
    return config


def migrate(database_url: str) -> str:
    """Applies every missing migration under one lock, and adds the inbox's partitions; returns the revision.

    Safe to repeat and to race.
    """
    from alembic import command
    from sqlalchemy import create_engine, pool, text

    engine = create_engine(_driver_url(database_url), poolclass=pool.NullPool)
    config = _config()
    with engine.connect() as connection:
        connection.execute(text("select pg_advisory_lock(:key)"), {"key": MIGRATION_LOCK})
        connection.commit()
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
        connection.commit()
        connection.execute(text("select pg_advisory_unlock(:key)"), {"key": MIGRATION_LOCK})
        connection.commit()
    engine.dispose()
    db = Database(database_url, size=1)
    try:
        ensure_partitions(db)
    finally:
        db.close()
    return head()


def head() -> str:
    """The newest revision this code knows: the files are numbered in the order in which they apply."""
    return max(path.name.partition("_")[0] for path in (FOLDER / "versions").glob("[0-9]*.sql"))


def _driver_url(url: str) -> str:
    scheme, _, rest = url.partition("://")
    return f"postgresql+psycopg://{rest}" if scheme in ("postgres", "postgresql") else url
