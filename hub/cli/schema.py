"""`migrate`."""

from __future__ import annotations

import click

from hub.cli.act import ACTOR
from hub.cli.local import addressed


@click.command()
def migrate() -> None:
    """Bring the database up to date, and put the rules of this installation in force. Safe to repeat.

    Processes of another version wait from then on, without losing anything: start them anew.

    \b
    Example:
      DATABASE_URL=postgresql://hub@db.example/hub retail-hub migrate
    """
    from hub import bootstrap
    from hub.flow.release import activate
    from hub.store import schema
    from hub.store.inbox import ensure_partitions

    with addressed(migrated=False) as settings:
        revision = schema.migrate(settings.database_url)
        hub = bootstrap.start(settings, pool_size=2, from_disk=True)
        try:
            ensure_partitions(hub.db)
            activate(hub, ACTOR, "migrate")
            click.echo(f"at revision {revision}, release {hub.rules.release_id}")
        finally:
            hub.close()
