"""Groups of commands about one thing: the group alone lists, and ids are read in one way."""

from __future__ import annotations

from uuid import UUID

import click

ACTOR = "cli"
"""Who acts, in the audit trail: somebody on the machine of the hub."""


class ListingGroup(click.Group):
    """A group that lists when no act is named, and then takes the options of its `list`."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Puts `list` where no act is named."""
        if not args or (args[0] not in self.commands and args[0] not in ("--help", "-h")):
            args = ["list", *args]
        return super().parse_args(ctx, args)


def read_id(text: str, prefix: str, what: str) -> UUID:
    """The uuid of such an id; `ConfigError` when it is another thing's."""
    from hub.errors import ConfigError
    from hub.model.identifier import parse_id

    found, id_ = parse_id(text)
    if found != prefix:
        raise ConfigError(f"{text} is not the id of {what}: those begin with {prefix}_")
    return id_
