"""The four functions: what each needs, whom it names, and its rule."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from agents.functions import operations, serializers
from rollout.features import Feature

if TYPE_CHECKING:
    from collections.abc import Callable

    from agents.functions.call import Call, Named
    from agents.functions.problems import Body
    from agents.functions.serializers import StrictRequest


@dataclass(frozen=True)
class Function:
    """One function of the API, under both of its names."""

    name: str
    tool: str
    scope: str
    feature: Feature
    request: type[StrictRequest]
    name_them: Callable[[dict[str, Any], Any], Named]
    run: Callable[[Call], Body]
    takes_key: bool = True


LOOKUP = Function(
    name="ai-lookup-customer",
    tool="lookup_customer",
    scope="lookup",
    feature=Feature.CUSTOMER_LOOKUP,
    request=serializers.LookupRequest,
    name_them=operations.customer_named,
    run=operations.look_up,
    takes_key=False,
)
CREATE = Function(
    name="ai-create-voucher",
    tool="create_voucher",
    scope="create",
    feature=Feature.VOUCHERS,
    request=serializers.CreateRequest,
    name_them=operations.customer_named,
    run=operations.create,
)
REDEEM = Function(
    name="ai-redeem-voucher",
    tool="redeem_voucher",
    scope="redeem",
    feature=Feature.VOUCHERS,
    request=serializers.RedeemRequest,
    name_them=operations.customer_and_station_named,
    run=operations.redeem,
)
VOID = Function(
    name="ai-void-voucher",
    tool="void_voucher",
    scope="void",
    feature=Feature.VOUCHERS,
    request=serializers.VoidRequest,
    name_them=operations.owner_named,
    run=operations.void,
)
FUNCTIONS = (LOOKUP, CREATE, REDEEM, VOID)
# Tool events call them by either name.
BY_NAME = {f.tool: f for f in FUNCTIONS} | {f.name: f for f in FUNCTIONS}
