"""`new-connector`: a package to begin a connector with."""

from __future__ import annotations

import keyword
import re
from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path

import click

from hub.errors import ConfigError

NAME = re.compile(r"[a-z][a-z0-9]*([_-][a-z0-9]+)*")
LONGEST_NAME = 40
_PLACE = re.compile(r"\{\{(\w*)\}\}")
# Template -> the file it becomes.
FILES = {
    "pyproject.toml.txt": "pyproject.toml",
    "README.md.txt": "README.md",
    "init.py.txt": "{{package}}/__init__.py",
    "manifest.py.txt": "{{package}}/manifest.py",
    "connector.py.txt": "{{package}}/connector.py",
    "transforms.py.txt": "{{package}}/transforms.py",
    "simulator.py.txt": "{{package}}/simulator.py",
    "conformance.py.txt": "{{package}}/conformance.py",
    "customers.yaml.txt": "{{package}}/mappings/{{name}}/customers.yaml",
    "customer_updated.json.txt": "{{package}}/samples/customer_updated.json",
    "test_conformance.py.txt": "tests/test_conformance.py",
}


@click.command("new-connector")
@click.argument("name")
@click.option(
    "--into", type=click.Path(path_type=Path), metavar="FOLDER", help="The folder to make. [default: ./retail-hub-NAME]"
)
def new_connector(name: str, into: Path | None) -> None:
    """Make a package for the connector NAME: small, installable, and green in the conformance kit.

    It speaks to a simulated system with an API and webhooks; change it into yours step by step.

    \b
    Example:
      retail-hub new-connector till --into ~/retail-hub-till
    """
    words = _words(name)
    folder = into or Path(words["distribution"])
    made = write_package(words, folder)
    for path in made:
        click.echo(path.relative_to(folder))
    click.echo(f"\nmade in {folder}; now:\n  pip install -e {folder}\n  retail-hub test-connector {name}")


def write_package(words: Mapping[str, str], folder: Path) -> list[Path]:
    """Writes all files; `ConfigError` when the folder is there already, or cannot be made. Nothing is overwritten."""
    contents = {_filled(place, words): _filled(_template(name), words) for name, place in FILES.items()}
    try:
        folder.mkdir(parents=True)
    except FileExistsError:
        raise ConfigError(f"{folder} exists already: name another folder with --into, or remove it first") from None
    except OSError as error:
        raise ConfigError(f"{folder} cannot be made ({error.strerror}): name another folder with --into") from None
    for place, text in contents.items():
        path = folder / place
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return [folder / place for place in contents]


def _words(name: str) -> dict[str, str]:
    """What the placeholders stand for; `ConfigError` for a name that cannot be one, or is taken."""
    from hub import registry

    snake = name.replace("-", "_")
    if not NAME.fullmatch(name) or len(name) > LONGEST_NAME or keyword.iskeyword(snake):
        raise ConfigError(
            f"{name!r} cannot be a connector's name: take up to {LONGEST_NAME} small letters and digits, "
            "parts joined by - or _, a letter first, like till or loyalty-cards"
        )
    if name in registry.load().connectors:
        raise ConfigError(
            f"a connector {name} is installed already (`retail-hub connectors {name}`): take another name"
        )
    parts = re.split("[-_]", name)
    return {
        "name": name,
        "snake": snake,
        "package": f"retail_hub_{snake}",
        "distribution": f"retail-hub-{snake.replace('_', '-')}",
        "class": "".join(part.capitalize() for part in parts),
        "title": " ".join(parts).capitalize(),
    }


def _template(name: str) -> str:
    return files("hub.cli.template").joinpath(name).read_text(encoding="utf-8")


def _filled(text: str, words: Mapping[str, str]) -> str:
    def word(found: re.Match[str]) -> str:
        try:
            return words[found[1]]
        except KeyError:
            raise ConfigError(
                f"the template has a placeholder that nothing fills: {found[0]}; install retail-hub again"
            ) from None

    return _PLACE.sub(word, text)
