"""`test-connector`: the conformance kit for an installed connector."""

from __future__ import annotations

import re
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import click

from hub.cli.output import json_option, say, show_json
from hub.errors import ConfigError

PARTS = {
    "basics": "every connector",
    "reading": "reading",
    "receiving": "receiving",
    "writing": "writing",
    "agreeing": "with mappings",
}
_WORDS = ("proved", "skipped", "failed")
_NAME = re.compile(r"test_(?P<what>\w+?)_when_(?P<when>\w+?)_then_(?P<then>\w+?)(?P<case>\[.*\])?")


@click.command("test-connector")
@click.argument("name")
@click.option(
    "--only", metavar="WORDS", default="", help="Only proofs whose name has these words: write, 'page or cursor'."
)
@json_option
def test_connector(name: str, only: str, as_json: bool) -> None:
    """Prove that the installed connector NAME keeps the contract, against its own simulator.

    Takes a minute at most and needs neither a hub nor the real system. Skipped is what a system has
    not got; the reason says what. Ends with exit code 1 when something failed.

    \b
    Example:
      retail-hub test-connector shopify
      retail-hub test-connector shopify --only subscriptions
    """
    results = _run(name, only)
    rows = [_row(each) for each in results]
    counts = {word: Counter(row["result"] for row in rows)[word] for word in _WORDS}
    if as_json:
        show_json({"connector": name, **counts, "results": rows})
    else:
        _print(rows)
        click.echo("\n" + ", ".join(f"{count} {word}" for word, count in counts.items()))
    sys.exit(1 if counts["failed"] else 0)


def _run(name: str, only: str) -> Sequence[Mapping[str, Any]]:
    try:
        import pytest  # noqa: F401 -- is it there?
    except ImportError:
        raise ConfigError("the conformance kit needs pytest: pip install 'retail-hub[test]'") from None
    from hub.cli.suite import run_kit

    say(f"{name}: running the conformance kit …")
    return run_kit(name, only)


def _print(rows: Sequence[Mapping[str, Any]]) -> None:
    """A table a harness and part, then the whole text of every failure."""
    title = ""
    for row in rows:
        if title != (title := f"{row['harness']}: {row['part']}"):
            click.echo(f"\n{title}")
        click.echo(f"  {row['result']:<8} {row['proof']}" + (f" ({row['reason']})" if row["reason"] else ""))
    for row in rows:
        if row["result"] == "failed":
            click.echo(f"\n--- {row['harness']}: {row['proof']}\n{row['text']}")


def _row(found: Mapping[str, Any]) -> dict[str, Any]:
    """One test in words: `writing`, `write: when repeated, then one remote record`."""
    parts = _NAME.fullmatch(found["test"])
    proof = found["test"]
    if parts:
        what, when, then = (parts[each].replace("_", " ") for each in ("what", "when", "then"))
        proof = f"{what}: when {when}, then {then}" + (f" {parts['case']}" if parts["case"] else "")
    return {
        "harness": found["harness"],
        "part": PARTS.get(found["part"], found["part"]),
        "proof": proof,
        "result": found["result"],
        "reason": found["reason"],
        "text": found["text"],
        "seconds": round(found["seconds"], 3),
    }
