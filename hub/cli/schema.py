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

    with addressed(migrated=False) as settings:
        click.echo(f"at revision {schema.migrate(settings.database_url)}")
