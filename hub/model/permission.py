"""What somebody may do: permissions by name, and the roles that bundle them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

ALL_REALMS = "*"


@dataclass(frozen=True, slots=True)
class Permission:
    """One thing that a route or a button asks for. Titles are shown in the console."""

    name: str
    zh: str
    en: str


@dataclass(frozen=True, slots=True)
class Role:
    """A bundle of permissions that is granted as one, for a realm and perhaps some locations."""

    name: str
    zh: str
    en: str
    permissions: frozenset[str]

    def may(self, permission: str) -> bool:
        """Whether the bundle holds `permission`."""
        return permission in self.permissions


PERMISSIONS: dict[str, Permission] = {
    p.name: p
    for p in (
        Permission("overview.see", "查看总览", "See the overview"),
        Permission("record.see", "查看记录（打码）", "See records, masked"),
        Permission("record.reveal", "显示个人字段（需理由，留痕）", "Reveal personal fields (with a reason, audited)"),
        Permission("record.steward", "处理匹配与冲突，固定、合并、拆分", "Match, settle conflicts, pin, merge, split"),
        Permission("flow.see", "查看连接、事件、投递与任务", "See connections, events, deliveries and runs"),
        Permission("payload.masked", "查看原文（打码）", "See raw payloads, masked"),
        Permission("payload.raw", "查看原文", "See raw payloads"),
        Permission("flow.operate", "暂停、恢复、拉取、重试、重放、放弃", "Pause, resume, pull, retry, replay, discard"),
        Permission("event.ingest", "批量写入事件", "Put events into the inbox in bulk"),
        Permission("effect.resend", "重发效果（消息、积分）", "Send effects again (messages, points)"),
        Permission("connection.configure", "接入系统，管理凭证", "Connect systems, keep their secrets"),
        Permission("rule.publish", "发布映射与取值规则", "Publish mappings and policies"),
        Permission("access.manage", "管理用户与令牌", "Keep users and tokens"),
        Permission("privacy.act", "同意、导出、删除个人数据", "Consent, export and erase personal data"),
        Permission("audit.see", "查看审计与查看记录", "See the audit trail and the access log"),
        Permission("system.see", "查看设置与插件", "See settings and plugins"),
        Permission("metrics.see", "读取运行指标", "Read the metrics"),
    )
}

_EVERYBODY = frozenset({"overview.see", "record.see"})
_INSIDE = _EVERYBODY | {"flow.see", "payload.masked", "metrics.see"}
_OPERATES = _INSIDE | {"flow.operate", "event.ingest"}

# The table of the console's design; "by grant" of revealing for operators means a second role.
ROLES: dict[str, Role] = {
    r.name: r
    for r in (
        Role("viewer", "查看者", "Viewer", _EVERYBODY),
        Role("steward", "数据管家", "Steward", _INSIDE | {"record.reveal", "record.steward"}),
        Role("operator", "操作员", "Operator", _OPERATES),
        Role(
            "admin",
            "管理员",
            "Admin",
            _OPERATES
            | {
                "record.reveal",
                "record.steward",
                "payload.raw",
                "effect.resend",
                "connection.configure",
                "rule.publish",
                "access.manage",
                "audit.see",
                "system.see",
            },
        ),
        Role(
            "privacy",
            "隐私专员",
            "Privacy officer",
            _INSIDE | {"record.reveal", "payload.raw", "privacy.act", "audit.see"},
        ),
        Role("auditor", "审计员", "Auditor", _INSIDE | {"audit.see", "system.see"}),
    )
}


BUILT_IN = frozenset(PERMISSIONS)
"""Those that come with the hub; plugins declare more."""


def declare(permission: Permission, roles: Iterable[str]) -> None:
    """Adds the permission of a plugin to those roles, for this process. Safe to repeat."""
    if unknown := sorted(set(roles) - ROLES.keys()):
        raise ValueError(f"permission {permission.name!r} names roles that do not exist: {', '.join(unknown)}")
    PERMISSIONS[permission.name] = permission
    for name in roles:
        ROLES[name] = replace(ROLES[name], permissions=ROLES[name].permissions | {permission.name})


@dataclass(frozen=True, slots=True)
class Grant:
    """A role, where it counts: in one realm or all (`*`), at some locations or everywhere (empty)."""

    role: str
    realm: str = ALL_REALMS
    locations: tuple[str, ...] = ()

    def may(self, permission: str) -> bool:
        """Whether its role holds `permission`; a role that no longer exists holds nothing."""
        role = ROLES.get(self.role)
        return role is not None and role.may(permission)

    def covers(self, realm: str) -> bool:
        """Whether it counts in `realm`."""
        return self.realm in (ALL_REALMS, realm)


@dataclass(frozen=True, slots=True)
class Principal:
    """Who asks: a user or a token, by pseudonym (`usr_…`, `tok_…`), with what was granted to them."""

    actor: str
    grants: tuple[Grant, ...]

    def may(self, permission: str, realm: str | None = None) -> bool:
        """Whether some grant holds `permission`, in `realm` when one is named."""
        return any(g.may(permission) and (realm is None or g.covers(realm)) for g in self.grants)

    def realms(self, permission: str) -> frozenset[str] | None:
        """The realms where it has `permission`; None means every realm."""
        held = frozenset(g.realm for g in self.grants if g.may(permission))
        return None if ALL_REALMS in held else held

    def locations(self, permission: str, realm: str) -> frozenset[str] | None:
        """The locations to which `permission` is limited in `realm`; None means no limit."""
        fitting = [g.locations for g in self.grants if g.may(permission) and g.covers(realm)]
        return None if any(not limit for limit in fitting) else frozenset(name for limit in fitting for name in limit)
