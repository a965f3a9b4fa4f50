"""Drift: the shape of what a system sends, learnt from what it sent, and what of it changed. Pure."""

from hub.rules.drift.attention import Arrived, Attention, Budget
from hub.rules.drift.mapped import is_mapped
from hub.rules.drift.reads import Read, read_of, read_of_field, reads_of, root_of
from hub.rules.drift.recognise import Recogniser
from hub.rules.drift.seen import GONE, NEW, TYPE, VALUE, Cause, Delta, Ruling, Sighting, Track
from hub.rules.drift.shape import Place, Shape, seeded
from hub.rules.drift.skeleton import type_names
from hub.rules.drift.suggest import NULLED, Suggestion, suggest

__all__ = [
    "GONE",
    "NEW",
    "NULLED",
    "TYPE",
    "VALUE",
    "Arrived",
    "Attention",
    "Budget",
    "Cause",
    "Delta",
    "Place",
    "Read",
    "Recogniser",
    "Ruling",
    "Shape",
    "Sighting",
    "Suggestion",
    "Track",
    "is_mapped",
    "read_of",
    "read_of_field",
    "reads_of",
    "root_of",
    "seeded",
    "suggest",
    "type_names",
]
