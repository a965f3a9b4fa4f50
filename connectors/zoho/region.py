"""Countries: Zoho keeps their names as people type them, the hub ISO codes. Names by Unicode CLDR."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

from babel import Locale

_LETTERS = 2
_OTHER_NAMES = {"mainland china": "CN", "中国大陆": "CN", "中华人民共和国": "CN", "hong kong": "HK", "香港": "HK"}
_OTHER_NAMES |= {"macau": "MO", "澳门": "MO", "台湾": "TW", "usa": "US", "uk": "GB", "england": "GB", "korea": "KR"}


@cache
def _names() -> Mapping[str, str]:
    """Code -> English name, of countries and territories."""
    territories = Locale.parse("en").territories
    return {code: str(name) for code, name in territories.items() if len(code) == _LETTERS and code.isalpha()}


@cache
def _codes() -> Mapping[str, str]:
    """Name in English or Chinese, folded -> code."""
    chinese = Locale.parse("zh").territories
    found = {str(chinese[code]).casefold(): code for code in _names() if code in chinese}
    found |= {name.casefold(): code for code, name in _names().items()}
    return found | _OTHER_NAMES


def country_name(code: str | None) -> str | None:
    """The English name of a country's code; an unknown code stays as it is."""
    return _names().get(code or "", code)


def country_code(text: str | None) -> str | None:
    """The code of a country by code or name (CN, China, 中国); None for any other text."""
    given = (text or "").strip()
    return given.upper() if given.upper() in _names() else _codes().get(given.casefold())
