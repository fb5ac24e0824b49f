"""What the office asks of the city's store when a gateway is gone, and what the store answers."""

from typing import Annotated, Final

from pydantic import Field

from contract.identity import GatewayField
from contract.live import Shown
from contract.messages import Count, Counts, Message, Short

MAX_BYTES: Final = 16 << 20  # of a balance of all gateways


class Discard(Message):
    """Give up what the store knows that the gateway still holds, if it is exactly so much.

    `count` is of readings and events together.
    """

    gateway: GatewayField
    count: Count
    reason: Short


class Discarded(Shown):
    """What is lost now, by the city's own word."""

    gateway: GatewayField
    lost: Counts


class Standing(Shown):
    """What of a gateway's balance the office looks at; `stated_ms` is when it spoke last."""

    gateway: GatewayField
    sealed: Counts
    held: Counts
    stated_ms: int | None = None


class Standings(Shown):
    """`nadi-bridge balance --json`, as far as the office reads it."""

    gateways: Annotated[list[Standing], Field(max_length=10_000)]
