"""Rules: which are in force, what others would do, and putting them in force."""

from __future__ import annotations

from typing import Any

from flask import Response
from marshmallow import fields, validate

from hub.api.answer import StrictSchema, answer, written
from hub.api.gate import ApiBlueprint, allowed_realms, check_realm, current_hub, permit, principal
from hub.api.problem import ApiProblem
from hub.api.repeat import once
from hub.errors import ConfigError
from hub.flow import forecast, match_preview, match_shown, release, site, workbench
from hub.flow.bounded import bounded
from hub.flow.context import Hub
from hub.flow.forecast import Forecast, Tally
from hub.model.identifier import format_id
from hub.model.kind import Kind
from hub.model.mask import mask_field, mask_raw
from hub.rules.identity.model_file import FOLDER
from hub.store import release as store
from hub.store.release import Activation, Release

blp = ApiBlueprint("releases", "The rules in force, and those before")
MOST = 1000


class ActivateBody(StrictSchema):
    """Which rules, and why."""

    number = fields.Integer(
        load_default=None, allow_none=True, validate=validate.Range(min=1),
        metadata={"description": "An earlier release; null: the files of the site's folder", "example": 4},
    )  # fmt: skip
    digest = fields.String(
        load_default="", validate=validate.Length(max=64),
        metadata={"description": "The `digest` of a dry run: 409 when the files are others by now"},
    )  # fmt: skip
    reason = fields.String(load_default="", validate=validate.Length(max=500))
    dry_run = fields.Boolean(load_default=False, metadata={"description": "Only say what would follow"})


class PreviewBody(StrictSchema):
    """A rule file that is not in force."""

    text = fields.String(
        required=True, validate=validate.Length(max=site.LARGEST), metadata={"description": "The file, whole"}
    )
    last = fields.Integer(
        load_default=100, validate=validate.Range(min=1, max=MOST),
        metadata={"description": "Compare over so many of the newest"},
    )  # fmt: skip


class MappingPreviewBody(PreviewBody):
    """A mapping, and the stream whose events it is tried with."""

    connection = fields.String(required=True, metadata={"example": "shop"})
    stream = fields.String(required=True, metadata={"example": "customers"})


class PolicyPreviewBody(PreviewBody):
    """A policy, and the kind that it is of."""

    kind = fields.String(required=True, metadata={"example": "customer"})


class MatchingPreviewBody(StrictSchema):
    """A matching model, and the kind that it is of."""

    text = fields.String(
        required=True, validate=validate.Length(max=site.LARGEST), metadata={"description": "The file, whole"}
    )
    kind = fields.String(load_default="customer", metadata={"example": "customer"})


@blp.route("/releases", endpoint="list")
@permit("flow.see")
@blp.response(200, description="`items`: what was put in force, newest first; `in_force`: its number")
def list_releases() -> Response:
    """Lists what was put in force, newest first: the last fifty times."""
    history = store.history(current_hub().db)
    return answer(
        {"in_force": history[0].release_id if history else None, "items": [_activation(one) for one in history]}
    )


@blp.route("/releases/<int:number>", endpoint="get")
@permit("flow.see")
@blp.response(200, description="The release: its files, and how it differs from the one in force")
def get_release(number: int) -> Response:
    """One release."""
    hub = current_hub()
    found = store.get(hub.db, number)
    if found is None:
        raise ApiProblem(404, f"there is no release {number}")
    current = release.in_force(hub)
    now = store.get(hub.db, current) if current is not None else None
    return answer(_release(found, now))


@blp.route("/releases/activate", methods=["POST"], endpoint="activate")
@permit("rule.publish")
@blp.arguments(ActivateBody)
@blp.response(200, description="The release in force now and what follows, or with `dry_run` what would follow")
@once
def activate_release(body: dict[str, Any]) -> Response:
    """Puts the files of the site's folder, or an earlier release, in force. Needs a token for every realm."""
    if allowed_realms() is not None:
        raise ApiProblem(403, "rules are of every realm: the token must be, too", permission="rule.publish")
    hub, number = current_hub(), body["number"]
    if body["dry_run"]:
        found = bounded(hub, lambda mine: site.consequence(mine, number), seconds=25)
        streams = [{"connection": name, "stream": stream} for name, stream in found.streams]
        return answer({"digest": found.digest, "differs": found.differs, "decided_again": found.kinds,
                       "matched_again": found.matched, "sent_whole": found.whole, "keep_until_replayed": streams})  # fmt: skip
    active, kinds = site.put_in_force(hub, number, body["digest"], principal().actor, body["reason"])
    return answer({"release": active, "decided_again": kinds})


@blp.route("/mappings", endpoint="mappings")
@permit("flow.see")
@blp.response(200, description="`items`: connection, stream, kind, file and the hash of its content")
def list_mappings() -> Response:
    """Lists the streams of all connections with the files that read them."""
    hub, allowed = current_hub(), allowed_realms()
    hashes = hub.rules.manifest["mappings"]
    items = [
        {"connection": row.name, "stream": stream, "kind": mapping.kind, "file": mapping.spec.file,
         "version": hashes.get(mapping.spec.file)}
        for row in hub.connections.all()
        if (allowed is None or row.realm in allowed) and row.disconnected_at is None
        for stream, mapping in sorted(hub.rules.mappings.streams(row.connector, row.name).items())
        if (row.reads(mapping.kind) or row.writes(mapping.kind))
    ]  # fmt: skip
    return answer({"items": items})


@blp.route("/mappings/preview", methods=["POST"], endpoint="preview_mapping")
@permit("payload.masked")
@blp.arguments(MappingPreviewBody)
@blp.response(
    200, description="What golden records and systems would change, by field; `faults` of the file, with lines"
)
def preview_mapping(body: dict[str, Any]) -> Response:
    """Says what a mapping would make of stored events. Changes nothing; values are masked by role."""
    hub = current_hub()
    row = hub.connections.find(body["connection"])
    if row is None:
        raise ApiProblem(404, f"there is no connection {body['connection']}")
    check_realm(row.realm, f"connection {row.name}")
    place = workbench.place_of(hub, row, body["stream"], body["text"])
    wish = workbench.Wish(row.name, body["stream"], {place: body["text"]}, compare=body["last"])
    tried = bounded(hub, lambda mine: workbench.attempt(mine, wish))
    unread = [{"path": one.path, "count": one.count, "of": one.of, "line": one.line or None} for one in tried.strays]
    return answer({**_faulty(tried.faults), **_forecast(tried.forecast or Forecast(), row.realm), "unread": unread})


@blp.route("/policies/preview", methods=["POST"], endpoint="preview_policy")
@permit("payload.masked")
@blp.arguments(PolicyPreviewBody)
@blp.response(200, description="Whose values would stand, by field; `faults` of the file, with lines")
def preview_policy(body: dict[str, Any]) -> Response:
    """Says what a policy would change of golden records. Changes nothing; needs a token for every realm."""
    if allowed_realms() is not None:
        raise ApiProblem(403, "a policy is of every realm: the token must be, too", permission="payload.masked")
    hub, kind = current_hub(), body["kind"]
    if kind not in hub.registry.kinds:
        raise ApiProblem(404, f"there is no kind {kind}")
    files = {f"policies/{kind}.yaml": body["text"]}
    found = bounded(hub, lambda mine: forecast.of_policies(mine, site.with_files(mine, files), kind, body["last"]))
    return answer({**_faulty([]), **_forecast(found, None)})


@blp.route("/matching/preview", methods=["POST"], endpoint="preview_matching")
@permit("payload.masked")
@blp.arguments(MatchingPreviewBody)
@blp.response(200, description="Merges, splits, questions, examples, what systems would be sent; `faults` of the file")
def preview_matching(body: dict[str, Any]) -> Response:
    """Says what a matching model would merge and split. Changes nothing; needs a token for every realm.

    Personal values are masked. All records are compared: a store of many takes longer than a call may (422), and is looked at with
    `retail-hub match preview`.
    """
    if allowed_realms() is not None:
        raise ApiProblem(403, "a model is of every realm: the token must be, too", permission="payload.masked")
    hub, kind = current_hub(), body["kind"]
    if kind not in hub.rules.matching:
        raise ApiProblem(404, f"{kind} is no kind that is matched")
    file = f"{FOLDER}/{kind}.yaml"

    def work(mine: Hub) -> match_preview.Preview:
        return match_preview.preview(mine, match_preview.candidate(mine, kind, body["text"], file), kind)

    try:
        found = bounded(hub, work, seconds=25)
    except ConfigError as error:
        faults = workbench.faults_of(str(error))
        if not faults:
            raise
        return answer(_faulty(faults))
    kinds = hub.registry.kinds
    sent = found.sent
    return answer({
        **_faulty([]), **match_shown.figures(found, kinds[kind]),
        "golden": {name: _tally(tally, kinds.get(name), is_clear=False) for name, tally in sent.golden.items()},
        "outgoing": {name: _tally(tally, None, is_clear=False) for name, tally in sent.outgoing.items()},
    })  # fmt: skip


def _faulty(faults: list[tuple[str, int, str]]) -> dict[str, Any]:
    return {"faults": [{"file": file, "line": line, "text": text} for file, line, text in faults]}


def _forecast(found: Forecast, realm: str | None) -> dict[str, Any]:
    hub, allowed = current_hub(), allowed_realms()
    kinds = hub.registry.kinds
    is_clear = principal().may("record.reveal", realm)
    return {
        "looked_at": found.looked,
        "more": found.is_cut,
        "mended": found.mended,
        "set_aside": [
            {"code": one.code, "path": one.path, "where": one.where, "message": one.message, "count": one.count,
             "aside": one.aside, "event": format_id("evt", one.event)}
            for one in found.faults
        ],
        "golden": {kind: _tally(tally, kinds.get(kind), is_clear=is_clear) for kind, tally in found.golden.items()},
        "outgoing": {
            name: _tally(tally, None, is_clear=is_clear) for name, tally in found.outgoing.items()
            if allowed is None or hub.connections.by_name(name).realm in allowed
        },
    }  # fmt: skip


def _tally(tally: Tally, kind: Kind | None, *, is_clear: bool) -> dict[str, Any]:
    def shown(name: str, value: Any) -> Any:
        if is_clear:
            return value
        return mask_field(kind.by_name.get(name), name, value) if kind else mask_raw(value, name)

    samples = [
        {"id": format_id(kind.prefix if kind else "dlv", one.id), "field": one.field, "before": shown(one.field, one.before),
         "after": shown(one.field, one.after)}
        for one in tally.samples
    ]  # fmt: skip
    return {"acts": dict(tally.acts), "fields": dict(tally.fields.most_common()), "samples": samples}


def _activation(one: Activation) -> dict[str, Any]:
    return {"release": one.release_id, "before": one.before, "at": written(one.at), "by": one.by, "reason": one.reason}


def _release(found: Release, now: Release | None) -> dict[str, Any]:
    return {
        "number": found.id,
        "hash": found.hash.hex(),
        "made_at": written(found.created_at),
        "is_in_force": now is not None and now.id == found.id,
        "differs": release.compare(now.manifest, found.manifest) if now else {},
        "files": found.files,
    }
