"""Which call follows from which: OpenAPI links, for people and for fuzzers."""

from __future__ import annotations

from typing import Any

VOUCHER = "$response.body#/voucher_id"
CUSTOMER = "$request.body#/customer_msisdn"

LINKS: dict[str, dict[str, tuple[str, dict[str, str]]]] = {
    "create_voucher": {
        "Redeem it": (
            "redeem_voucher",
            {"voucher_id": VOUCHER, "customer_msisdn": CUSTOMER},
        ),
        "Void it": ("void_voucher", {"voucher_id": VOUCHER}),
        "Look its owner up": ("lookup_customer", {"msisdn": CUSTOMER}),
    },
    "redeem_voucher": {
        "Try to void it": ("void_voucher", {"voucher_id": VOUCHER}),
        "Redeem it again": (
            "redeem_voucher",
            {"voucher_id": VOUCHER, "customer_msisdn": CUSTOMER},
        ),
    },
    "void_voucher": {"Void it again": ("void_voucher", {"voucher_id": VOUCHER})},
}


def add_links(paths: dict[str, Any]) -> None:
    """Put each link on the answer that it follows from."""
    for methods in paths.values():
        operation = methods.get("post", {})
        for name, (follower, body) in LINKS.get(operation["operationId"], {}).items():
            links = operation["responses"]["200"].setdefault("links", {})
            links[name.replace(" ", "_")] = {
                "operationId": follower,
                "description": name,
                "requestBody": body,
            }
