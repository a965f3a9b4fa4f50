"""What a connector's samples say of its topics: which fields may come, before the first event did."""

from __future__ import annotations

import re
from importlib import resources

import orjson

from hub.flow.context import Hub
from hub.rules.drift import Recogniser, Shape, seeded

FOLDER = "samples"


def sampled_shape(hub: Hub, connector: str, topic: str) -> Shape:
    """The shape to begin a topic with. A sample is `samples/TOPIC.json` in the connector's package, signs as `_`.

    Without one the shape is empty and all of it is learnt from events.
    """
    package = hub.registry.connectors[connector].__module__.rpartition(".")[0]
    name = re.sub(r"\W+", "_", topic).strip("_")
    try:
        body = (resources.files(package) / FOLDER / f"{name}.json").read_bytes()
        payload = orjson.loads(body)
    except (OSError, ModuleNotFoundError, ValueError, TypeError):
        return Shape()
    watcher = Recogniser(Shape(), {}, lambda _: "", {})
    watcher.look(payload, "")
    return seeded(watcher.delta.learnt)
