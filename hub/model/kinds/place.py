"""Where and who: locations and staff. Matched by crosswalk only."""

from __future__ import annotations

from hub.model.kind import Field, Kind, Text
from hub.model.kinds import parts

LOCATION = Kind(
    name="location",
    plural="locations",
    prefix="loc",
    title=Text("地点", "Location"),
    help=Text("门店、仓库或网店", "A store, warehouse or online shop"),
    fields=(
        Field("code", "text", Text("编码", "Code"), example="SH01"),
        Field("name", "text", Text("名称", "Name"), example="静安店"),
        parts.enum("location_kind", Text("类型", "What it is"), "store warehouse transit online"),
        Field("region", "text", Text("大区", "Region"), example="华东"),
        Field("time_zone", "text", Text("时区", "Time zone, IANA name"), example="Asia/Shanghai"),
        parts.address("address", Text("地址", "Address")),
        Field("gln", "text", Text("全球位置码", "GS1 location number"), example="6901234000009"),
        Field("brand", "text", Text("品牌", "Brand"), example="茶语"),
        Field("legal_entity", "text", Text("法人主体", "Legal entity"), example="茶语（上海）有限公司"),
        Field("opened_on", "date", Text("开业日期", "Opened on"), example="2020-05-01"),
        Field("closed_on", "date", Text("闭店日期", "Closed on"), example="2026-01-31"),
        Field("state", "text", Text("状态", "State, in the source's word"), example="active"),
    ),
    lookups=("code", "name", "gln"),
    names=("name",),
)

STAFF = Kind(
    name="staff",
    plural="staff",
    prefix="stf",
    title=Text("员工", "Staff"),
    help=Text("在门店或总部工作的人", "Somebody who works for the chain"),
    fields=(
        Field("name", "text", Text("姓名", "Name"), example="韩梅梅", pii="personal"),
        Field("employee_no", "text", Text("工号", "Number"), example="E1024", pii="personal"),
        parts.ref("location", "location", Text("所在门店", "Where they work")),
        Field("role", "text", Text("岗位", "Role"), example="导购"),
        parts.identities(),
        Field("state", "text", Text("状态", "State, in the source's word"), example="active"),
    ),
    lookups=("name", "employee_no"),
    names=("name",),
)
