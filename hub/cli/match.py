"""`match`: pairs of records that may be one. Each sub-command stands in a file of its own and is added here."""

from __future__ import annotations

import click

from hub.cli import (
    match_answer,
    match_bulk,
    match_evaluate,
    match_fit,
    match_join,
    match_model,
    match_preview,
    match_queue,
    match_sample,
)


@click.group()
def match() -> None:
    """Work off pairs of records that may be one, and see how right the hub's own merges are.

    \b
    Example:
      retail-hub match next
    """


for command in (
    match_queue.queue,
    match_queue.next_,
    match_queue.show_,
    match_queue.patterns,
    match_answer.answer,
    match_answer.undo,
    match_bulk.bulk,
    match_sample.sample,
    match_join.join,
    match_model.model,
    match_preview.preview,
    match_evaluate.evaluate,
    match_fit.fit,
    match_model.rebuild,
):
    match.add_command(command)
