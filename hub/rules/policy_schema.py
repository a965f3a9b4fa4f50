"""JSON Schema of policy files, for editors: `mappings/policies/schema.json` is what this gives."""

from __future__ import annotations

from typing import Any, get_args

from hub.rules.policies import FILE_WORDS
from hub.rules.policy_rule import ELEMENTS, POLICIES, RULE_WORDS, Null

Json = dict[str, Any]
OF_PLUGIN = r"^[^.\s]+\.\S+$"
"""What a plugin's policy is called: `PLUGIN.NAME`. Whether it is installed no schema can tell."""
_HELP = {
    "policy": "Which record's value wins",
    "connections": "owner, priority: the best first; verified: those that check what they keep",
    "null": "Whether a cleared value beats values of others",
    "elements": "Of a united list: whose version counts of an element that several tell",
    "fields": "The fields that survive together",
}


def policy_schema() -> Json:
    """The schema of a policy file of any kind. Whether a policy fits a field, `retail-hub mapping check` says."""
    policy: Json = {"anyOf": [{"enum": list(POLICIES)}, {"type": "string", "pattern": OF_PLUGIN}]}
    names: Json = {"type": "array", "items": {"type": "string", "minLength": 1}}
    words: dict[str, Json] = {
        "policy": policy,
        "connections": names,
        "null": {"enum": list(get_args(Null))},
        "elements": {"enum": list(ELEMENTS)},
        "fields": {**names, "minItems": 1},
    }
    properties = {word: {**words[word], "description": _HELP[word]} for word in RULE_WORDS}
    alone = {word: one for word, one in properties.items() if word != "fields"}
    rule: Json = {"anyOf": [policy, {"type": "object", "properties": alone, "additionalProperties": False}]}
    group: Json = {
        "type": "object", "properties": properties, "required": ["fields"], "additionalProperties": False,
    }  # fmt: skip
    parts: dict[str, Json] = {
        "default": {**rule, "description": "For all fields that have no rule of their own"},
        "fields": {"type": ["object", "null"], "additionalProperties": rule},
        "groups": {"type": ["object", "null"], "additionalProperties": group},
    }
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Policy file of Retail Hub",
        "type": ["object", "null"],
        "properties": {word: parts[word] for word in FILE_WORDS},
        "additionalProperties": False,
    }


if __name__ == "__main__":
    import json
    import sys

    sys.stdout.write(json.dumps(policy_schema(), indent=1, ensure_ascii=False) + "\n")
