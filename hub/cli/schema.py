"""`migrate`."""

from __future__ import annotations

import click

from hub.cli.local import addressed


@click.command()
def migrate() -> None:
    """Bring the database up to date. Safe to repeat, and safe while old code runs.

    \b
    Example:
      DATABASE_URL=postgresql://hub@db.example/hub retail-hub migrate
    """
    from hub.store import schema
    from hub.store.database import Database
    from hub.store.inbox import ensure_partitions

    with addressed(migrated=False) as settings:
        revision = schema.migrate(settings.database_url)
        db = Database(settings.database_url, size=2)
        try:
            ensure_partitions(db)
        finally:
            db.close()
    click.echo(f"at revision {revision}")
