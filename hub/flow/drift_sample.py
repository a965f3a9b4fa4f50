"""What a connector's samples say of its topics: which fields may come, before the first event did."""

from __future__ import annotations

import re
from importlib import resources

import orjson

from hub.flow.connection import ConnectionRow
from hub.flow.context import Hub
from hub.rules.drift import Recogniser, Shape, seeded

FOLDER = "samples"


def sampled_shape(hub: Hub, connection_id: int, topic: str) -> Shape:
    """The shape to begin a stream with, from what there is of its topics, or of a topic with a mapping of its own.

    A sample is `samples/TOPIC.json` in the connector's package, other signs as `_`. Without one the shape is empty and
    all of it is learnt from events.
    """
    row = hub.connections.by_id(connection_id)
    package = hub.registry.connectors[row.connector].__module__.rpartition(".")[0]
    watcher = Recogniser(Shape(), {}, lambda _: "", {})
    for each in _topics(hub, row, topic):
        name = re.sub(r"\W+", "_", each).strip("_")
        try:
            watcher.look(orjson.loads((resources.files(package) / FOLDER / f"{name}.json").read_bytes()), "")
        except (OSError, ModuleNotFoundError, ValueError, TypeError):
            continue
    return seeded(watcher.delta.learnt)


def _topics(hub: Hub, row: ConnectionRow, topic: str) -> list[str]:
    stream = hub.registry.connector(row.connector).manifest.stream_of_topic(topic)
    mapped = hub.rules.mappings.streams(row.connector, row.name)
    if stream is None or topic in mapped:
        return [topic]
    own = [each for each in stream.topics if each in mapped]
    return [each for each in stream.topics if each not in own]
