"""Product: what is sold, with its variants."""

from __future__ import annotations

from hub.model.kind import Field, Kind, Text
from hub.model.kinds import parts

VARIANT_FIELDS = (
    Field("sku", "text", Text("货号", "SKU at the source; not unique across systems"), example="TEA-500"),
    Field("barcodes", "list", Text("条码", "Barcodes"), example=["6901234567892"]),
    Field("options", "map", Text("规格", "Options"), example={"size": "500g"}),
    Field("unit", "text", Text("单位", "Unit; pieces when not said"), example="kg"),
    Field("price", "unit_price", Text("售价", "Price")),
    Field("cost", "unit_price", Text("成本", "Cost")),
    Field("weight_g", "decimal", Text("重量", "Weight"), unit="g", example="500"),
    Field("shelf_life_days", "integer", Text("保质期", "Shelf life"), unit="days", example=540),
    Field("track_stock", "boolean", Text("管理库存", "Stock is kept")),
)

PRODUCT = Kind(
    name="product",
    plural="products",
    prefix="prd",
    title=Text("商品", "Product"),
    help=Text("出售的商品", "Something sold"),
    fields=(
        Field("title", "text", Text("名称", "Title"), example="龙井茶", required=True),
        Field("brand", "text", Text("品牌", "Brand"), example="茶语"),
        parts.texts("categories", Text("分类", "Categories"), example="茶叶"),
        Field("state", "text", Text("状态", "State, in the source's word"), example="active"),
        Field("variants", "list", Text("规格款式", "Variants"), of="object", fields=VARIANT_FIELDS),
        Field(
            "media",
            "list",
            Text("图片与视频", "Pictures and films, by address"),
            of="object",
            fields=(
                Field("url", "text", Text("网址", "Address"), example="https://cdn.example.com/tea.jpg", required=True),
                Field("type", "text", Text("类型", "Type"), example="image"),
                Field("alt", "text", Text("替代文字", "Text instead"), example="龙井茶罐"),
                Field("sha256", "text", Text("内容摘要", "Hash of the content"), example="9f86d081884c7d65"),
            ),
        ),
    ),
    lookups=("title", "variants.sku", "variants.barcodes"),
)
