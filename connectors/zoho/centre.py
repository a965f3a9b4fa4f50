"""Zoho's data centres: which hosts an account's calls may go to, and no others.

An account lives in one of them, and a token of one is worthless in another. Source: Zoho's own SDK
(`dc/*.py` of zohocrm-python-sdk-8.0); Canada has its own domains, China its own company.
"""

from __future__ import annotations

from dataclasses import dataclass

from hub.errors import ConfigError

_API_HOSTS = ("www", "sandbox", "developer")


@dataclass(frozen=True, slots=True)
class Centre:
    """One data centre: `accounts` issues tokens, `apis` is the domain of its API hosts."""

    accounts: str
    apis: str

    @property
    def api_hosts(self) -> tuple[str, ...]:
        """The API hosts of production, sandbox and developer accounts; production first."""
        return tuple(f"{name}.{self.apis}" for name in _API_HOSTS)


CENTRES = {
    "us": Centre("accounts.zoho.com", "zohoapis.com"),
    "eu": Centre("accounts.zoho.eu", "zohoapis.eu"),
    "in": Centre("accounts.zoho.in", "zohoapis.in"),
    "au": Centre("accounts.zoho.com.au", "zohoapis.com.au"),
    "jp": Centre("accounts.zoho.jp", "zohoapis.jp"),
    "ca": Centre("accounts.zohocloud.ca", "zohoapis.ca"),
    "sa": Centre("accounts.zoho.sa", "zohoapis.sa"),
    "uk": Centre("accounts.zoho.uk", "zohoapis.uk"),
    "cn": Centre("accounts.zoho.com.cn", "zohoapis.com.cn"),
}
HOSTS = tuple(host for centre in CENTRES.values() for host in (centre.accounts, *centre.api_hosts))


@dataclass(frozen=True, slots=True)
class Addresses:
    """Where one account is reached: the URL that issues tokens, and the API's base unless the token says another."""

    accounts: str
    api: str
    allowed: tuple[str, ...]

    @classmethod
    def of(cls, data_centre: str, base_url: str = "") -> Addresses:
        """Those of a data centre; with `base_url` (a simulator, a proxy) that one alone for everything."""
        if base_url:
            base = base_url.rstrip("/")
            return cls(base, base, (base,))
        if data_centre not in CENTRES:
            raise ConfigError(f"`data_centre` is one of {', '.join(CENTRES)}, not {data_centre!r}")
        centre = CENTRES[data_centre]
        apis = tuple(f"https://{host}" for host in centre.api_hosts)
        return cls(f"https://{centre.accounts}", apis[0], apis)

    def api_of(self, api_domain: str) -> str:
        """The API's base as a token's answer names it; the data centre's own when it names none.

        Raises `ConfigError` for any other host: the token would leave the account's data centre.
        """
        given = api_domain.strip().lower().rstrip("/")
        if not given:
            return self.api
        if given not in self.allowed:
            raise ConfigError("Zoho named an API host outside of this data centre; check `data_centre`")
        return given
