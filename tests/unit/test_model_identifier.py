import uuid

import pytest
from ulid import ULID

from hub.errors import ConfigError
from hub.model.identifier import format_id, format_ulid, parse_id, parse_ulid


@pytest.mark.parametrize("number", [0, 1, 2**127, 2**128 - 1, 0x0192_0000_0000_0000_0000_0000_0000_0001])
def test_id_when_formatted_and_parsed_then_the_same_bits_as_a_ulid(number: int) -> None:
    id_ = uuid.UUID(int=number)
    assert format_ulid(id_) == str(ULID.from_uuid(id_))
    assert parse_id(format_id("cus", id_)) == ("cus", id_)
    assert parse_id(format_id("cus", id_).lower()) == ("cus", id_)


def test_ids_when_sorted_as_text_then_as_bytes() -> None:
    ids = [uuid.uuid4() for _ in range(50)]
    assert sorted(ids, key=lambda id_: id_.bytes) == sorted(ids, key=format_ulid)


@pytest.mark.parametrize(
    "text",
    ["", "cus", "cus_", "cus_123", "_01J8Z3K9M4Q7R2T5V6W8X9Y0Z1", "cus_81J8Z3K9M4Q7R2T5V6W8X9Y0Z1",
     "cus_01J8Z3K9M4Q7R2T5V6W8X9Y0ZU", "cus_01J8Z3K9M4Q7R2T5V6W8X9Y0Z1 ", "cus-01J8Z3K9M4Q7R2T5V6W8X9Y0Z1"],
)  # fmt: skip
def test_parse_id_when_not_an_id_then_config_error(text: str) -> None:
    with pytest.raises(ConfigError):
        parse_id(text)


def test_parse_ulid_when_wrong_signs_or_length_then_config_error() -> None:
    for text in ("", "0" * 25, "I" * 26, "8" + "0" * 25, "0" * 25 + "U"):
        with pytest.raises(ConfigError):
            parse_ulid(text)
