"""The GraphQL questions we ask, as data: what is selected, and which lists inside a record have pages.

One tree per stream serves twice: it renders the page query, and it says which nested lists of an
answered record still have to be completed (`connectors.shopify.completing`).

Source: shopify.dev, GraphQL Admin API reference, objects Customer, Order, OrderTransaction, Refund,
Fulfillment, Product, Location. A query may cost at most 1,000 points before it runs, and a list
costs what `first` allows; the numbers below hold what nearly every record has, and a page that is
still too costly is asked for again in halves (`connectors.shopify.reading`).
"""

from __future__ import annotations

from dataclasses import dataclass

MONEY = "{shopMoney{amount currencyCode}}"
ADDRESS = (
    "{id firstName lastName name company address1 address2 city province provinceCode country countryCodeV2 zip phone}"
)
REF = "{legacyResourceId}"
ALLOCATION = f"discountAllocations{{allocatedAmountSet{MONEY} discountApplication{{index}}}}"
TAXES = f"taxLines{{title rate priceSet{MONEY}}}"
TRANSACTION = f"id kind status test gateway authorizationCode paymentId createdAt processedAt amountSet{MONEY} parentTransaction{{id}}"


@dataclass(frozen=True, slots=True)
class Nested:
    """A list inside a record.

    `is_connection`: it has cursors (`nodes`, `pageInfo`); otherwise it is a plain list that only
    takes `first`, and a full one may have been cut. `type` is the GraphQL type of its elements;
    `most` is what one follow-up query may ask for within the cost limit.
    """

    field: str
    type: str
    selection: str
    first: int
    is_connection: bool = True
    children: tuple[Nested, ...] = ()
    most: int = 100

    def render(self, first: int | None = None, after: str = "") -> str:
        """This list as part of a query, with its own lists; `after` is a variable's name such as `$after`."""
        arguments = f"first:{first or self.first}" + (f",after:{after}" if after else "")
        inner = " ".join((self.selection, *(child.render() for child in self.children)))
        if self.is_connection:
            return f"{self.field}({arguments}){{nodes{{{inner}}} pageInfo{{hasNextPage endCursor}}}}"
        return f"{self.field}({arguments}){{{inner}}}"


@dataclass(frozen=True, slots=True)
class Listing:
    """How one stream is listed. `sort_key` empty: the list cannot be sorted or asked by time of change."""

    stream: str
    type: str
    selection: str
    first: int
    sort_key: str = ""
    nested: tuple[Nested, ...] = ()
    extra: str = ""

    def page_query(self) -> str:
        """The query of one page; variables `first, after, q` (`q` only where it can be sorted)."""
        inner = " ".join((self.selection, *(each.render() for each in self.nested)))
        declared, arguments = "$first:Int!,$after:String", "first:$first,after:$after"
        if self.sort_key:
            declared += ",$q:String"
            arguments += f",query:$q,sortKey:{self.sort_key}"
        return (
            f"query {self.stream.title()}Page({declared}){{{self.stream}({arguments}{self.extra})"
            f"{{nodes{{{inner}}} pageInfo{{hasNextPage endCursor}}}}}}"
        )

    def ids_query(self) -> str:
        """The query of one page of external ids; variables `first, after`."""
        return (
            f"query {self.stream.title()}Ids($first:Int!,$after:String){{{self.stream}(first:$first,after:$after"
            f"{self.extra}){{nodes{{legacyResourceId}} pageInfo{{hasNextPage endCursor}}}}}}"
        )


def more_query(owner_type: str, nested: Nested) -> str:
    """The query of one more page of `nested` of one owner; variables `id, after` (a plain list: only `id`)."""
    after = "$after" if nested.is_connection else ""
    declared = "$id:ID!" + (",$after:String" if after else "")
    name = f"More{owner_type}{nested.field[0].upper()}{nested.field[1:]}"
    return f"query {name}({declared}){{node(id:$id){{... on {owner_type}{{id {nested.render(nested.most, after)}}}}}}}"


CUSTOMERS = Listing(
    stream="customers",
    type="Customer",
    selection=(
        "id legacyResourceId firstName lastName state verifiedEmail tags note createdAt updatedAt "
        "defaultEmailAddress{emailAddress} defaultPhoneNumber{phoneNumber} "
        f"defaultAddress{ADDRESS}"
    ),
    first=200,
    sort_key="UPDATED_AT",
    nested=(Nested("addressesV2", "MailingAddress", ADDRESS[1:-1], 3),),
)

ORDERS = Listing(
    stream="orders",
    type="Order",
    selection=(
        "id legacyResourceId name createdAt updatedAt processedAt closedAt cancelledAt cancelReason test note "
        "sourceName currencyCode presentmentCurrencyCode taxesIncluded "
        f"totalPriceSet{MONEY} totalDiscountsSet{MONEY} totalTaxSet{MONEY} "
        f"totalShippingPriceSet{MONEY} totalTipReceivedSet{MONEY} originalTotalDutiesSet{MONEY} "
        f"customer{REF} retailLocation{REF} shippingAddress{ADDRESS} billingAddress{ADDRESS}"
    ),
    first=20,
    sort_key="UPDATED_AT",
    nested=(
        Nested(
            "lineItems",
            "LineItem",
            "id title variantTitle sku quantity isGiftCard "
            f"originalUnitPriceSet{MONEY} {ALLOCATION} {TAXES} product{REF}",
            8,
        ),
        Nested("shippingLines", "ShippingLine", f"id title code originalPriceSet{MONEY} {ALLOCATION}", 1),
        Nested(
            "discountApplications",
            "DiscountApplication",
            "index ... on DiscountCodeApplication{code} ... on AutomaticDiscountApplication{title} "
            "... on ManualDiscountApplication{title} ... on ScriptDiscountApplication{title}",
            2,
        ),
        Nested("transactions", "OrderTransaction", TRANSACTION, 4, is_connection=False),
        Nested(
            "refunds",
            "Refund",
            "id legacyResourceId note createdAt updatedAt",
            2,
            is_connection=False,
            children=(
                Nested(
                    "refundLineItems",
                    "RefundLineItem",
                    f"quantity restockType subtotalSet{MONEY} totalTaxSet{MONEY} lineItem{{id}}",
                    3,
                ),
                Nested("refundShippingLines", "RefundShippingLine", f"subtotalAmountSet{MONEY} taxAmountSet{MONEY}", 1),
                Nested("transactions", "OrderTransaction", TRANSACTION, 2),
            ),
            most=40,
        ),
        Nested(
            "fulfillments",
            "Fulfillment",
            f"id legacyResourceId status displayStatus createdAt updatedAt location{REF} "
            "trackingInfo(first:3){company number url}",
            2,
            is_connection=False,
            children=(Nested("fulfillmentLineItems", "FulfillmentLineItem", "quantity lineItem{id sku}", 8),),
            most=40,
        ),
    ),
)

PRODUCTS = Listing(
    stream="products",
    type="Product",
    selection=(
        "id legacyResourceId title vendor productType status createdAt updatedAt "
        "priceRangeV2{minVariantPrice{currencyCode}}"
    ),
    first=50,
    sort_key="UPDATED_AT",
    nested=(
        Nested(
            "variants",
            "ProductVariant",
            "legacyResourceId sku barcode price selectedOptions{name value} "
            "inventoryItem{tracked measurement{weight{unit value}}}",
            10,
        ),
        Nested("media", "Media", "... on MediaImage{image{url altText}}", 3),
    ),
)

LOCATIONS = Listing(
    stream="locations",
    type="Location",
    selection=(
        "id legacyResourceId name isActive createdAt updatedAt "
        "address{address1 address2 city province countryCode zip phone}"
    ),
    first=50,
    extra=",includeInactive:true",
)

LISTINGS = {listing.stream: listing for listing in (CUSTOMERS, ORDERS, PRODUCTS, LOCATIONS)}

SHOP_QUERY = (
    "query Shop{shop{name myshopifyDomain currencyCode ianaTimezone plan{publicDisplayName}} "
    "currentAppInstallation{accessScopes{handle}}}"
)
