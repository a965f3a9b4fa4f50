"""Stock: levels stated by systems, and the movements behind them."""

from __future__ import annotations

from hub.model.key import cause_keys
from hub.model.kind import Field, Kind, Text
from hub.model.kinds import parts

_SOLD = "the unit of the SKU"
_REASONS = "sale return receipt adjust transfer count reserve release"

STOCK_LEVEL = Kind(
    name="stock_level",
    plural="stock_levels",
    prefix="stl",
    title=Text("库存", "Stock level"),
    help=Text("某货号在某地点的库存", "What one location holds of one SKU"),
    fields=(
        Field("sku", "text", Text("货号", "SKU"), example="TEA-500", required=True),
        parts.ref("location", "location", Text("地点", "Location")),
        Field("on_hand", "decimal", Text("现有量", "On hand"), unit=_SOLD, example="12", group="level"),
        Field("reserved", "decimal", Text("占用量", "Reserved"), unit=_SOLD, example="2", group="level"),
        Field("incoming", "decimal", Text("在途量", "Incoming"), unit=_SOLD, example="20", group="level"),
        Field("safety", "decimal", Text("安全库存", "Safety stock"), unit=_SOLD, example="5"),
        Field("as_of", "time", Text("截至时间", "When this was so"), group="level"),
        Field("available", "decimal", Text("可用量", "On hand less reserved"), unit=_SOLD, example="10", derived=True),
    ),
    lookups=("sku",),
)

STOCK_MOVEMENT = Kind(
    name="stock_movement",
    plural="stock_movements",
    prefix="stm",
    title=Text("库存变动", "Stock movement"),
    help=Text("一次库存变动", "One change of stock"),
    fields=(
        Field("sku", "text", Text("货号", "SKU"), example="TEA-500", required=True),
        parts.ref("location", "location", Text("地点", "Location")),
        Field(
            "quantity",
            "decimal",
            Text("数量（可为负）", "Quantity, negative when it leaves"),
            unit=_SOLD,
            example="-1",
        ),
        parts.enum("reason", Text("原因", "Reason"), _REASONS),
        Field("cause_key", "text", Text("唯一业务键", "What caused it, unique"), example="order:1001:1"),
        Field("occurred_at", "time", Text("发生时间", "When it happened")),
    ),
    keys=(cause_keys,),
    lookups=("sku", "cause_key"),
)
