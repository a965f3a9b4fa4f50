"""A live check of the account: which organisation it is, and what has to be made in it."""

from __future__ import annotations

from connectors.zoho.client import Client
from connectors.zoho.fields import MOST, Fields
from hub.errors import ConnectionPausedError, RejectedError
from hub.sdk import CheckResult

_NEEDED = ("Last_Name", "Email", "Mobile", "Phone")


def check(client: Client, module: str, hub_field: str, fields: Fields, has_notifications: bool) -> CheckResult:
    """Not ok without the unique hub field: writing would make duplicates. Errors as `Client.ask`."""
    facts, warnings = _organisation(client)
    described = fields.of(client, module, hub_field)
    warnings += [f"{module} has no field {name}: it is left out" for name in _NEEDED if name not in described.all_names]
    if described.cut:
        warnings.append(f"{module} has {described.cut} more fields than the {MOST} that Zoho lists at once")
    if not has_notifications:
        warnings.append("no webhook_secret is set: changes are found by reading alone, every few minutes")
    facts |= {"module": module, "fields": str(len(described.names))}
    problem = _problem(module, hub_field, hub_field in described.all_names, hub_field in described.unique)
    message = problem or f"reached {facts.get('organisation', 'Zoho CRM')}"
    return CheckResult(not problem, message, facts, tuple(warnings))


def _problem(module: str, hub_field: str, is_there: bool, is_unique: bool) -> str:
    where = f"Setup > Customization > Modules and Fields > {module}"
    if not is_there:
        return (
            f"{module} has no field {hub_field}; add a Single Line field in {where}, label Hub Id, with "
            "'Do not allow duplicate values', and check its API name in Setup > Developer Hub > APIs"
        )
    if not is_unique:
        return f"the field {hub_field} is not unique; switch on 'Do not allow duplicate values' in {where}"
    return ""


def _organisation(client: Client) -> tuple[dict[str, str], list[str]]:
    """Facts of the organisation; a token that may not see them is no failure."""
    try:
        rows = client.get("/org").rows("org")
    except (ConnectionPausedError, RejectedError) as error:
        if "OAUTH_SCOPE_MISMATCH" not in str(error):
            raise
        return {}, ["the refresh token lacks the scope ZohoCRM.org.READ: the organisation is not shown"]
    org = rows[0] if rows else {}
    licence = org.get("license_details")
    edition = licence.get("paid_type") if isinstance(licence, dict) else None
    facts = {
        "organisation": org.get("company_name"),
        "edition": edition,
        "time_zone": org.get("time_zone"),
        "currency": org.get("iso_code"),
        "country": org.get("country_code"),
    }
    return {name: str(value) for name, value in facts.items() if value}, []
