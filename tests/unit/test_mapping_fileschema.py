import json
from pathlib import Path

from hub.model.kinds import KINDS
from hub.rules.mapping.fileschema import file_schema
from hub.rules.transforms import TRANSFORMS

FILE = Path(__file__).parents[2] / "mappings" / "schema.json"


def test_schema_of_mapping_files_when_generated_then_the_one_in_the_repository_is_current() -> None:
    generated = json.dumps(file_schema(KINDS, TRANSFORMS), indent=1, ensure_ascii=False) + "\n"
    assert FILE.read_text(encoding="utf-8") == generated, (
        "write it anew: python -m hub.rules.mapping.fileschema > mappings/schema.json"
    )
