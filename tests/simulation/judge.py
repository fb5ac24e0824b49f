"""What must be true of gateways and of what the city says; raises Violation in words."""

from collections.abc import Iterable, Set

from contract.identity import GatewayId
from tests.campaigns.seeds import Violation
from tests.simulation.city import SimCity
from tests.simulation.gateway import MAX_IN_FLIGHT, SimGateway


def check_bounds(gateways: Iterable[SimGateway]) -> None:
    """No uplink sends without measure."""
    for gateway in gateways:
        if gateway.uplink.in_flight > MAX_IN_FLIGHT:
            raise Violation(f"{gateway.uplink.in_flight} batches of {gateway.id} in flight")


def check_cards(city: SimCity, gateways: Iterable[SimGateway]) -> None:
    """One round after the last fault the city speaks of the cards that are in the gateways."""
    for gateway in gateways:
        stated = city.stated(gateway.id)
        for ledger in gateway.outbox.ledger.epochs:
            if stated.get(ledger.epoch, 0) < ledger.sealed:
                raise Violation(f"the balance does not speak of the card in {gateway.id}")
        if city.told_cards[gateway.id] and not gateway.card_changes:
            raise Violation(f"{gateway.id} has the card it had, and another was reported")


def check_balance(city: SimCity, replaced: Set[GatewayId]) -> None:
    """It closes, and tells of a second card."""
    for balance in city.balance():
        if balance.unexplained != (0, 0):
            raise Violation(f"the balance does not close: {balance}")
        if balance.gateway in replaced and balance.cards < 2:
            raise Violation(f"the new card of {balance.gateway} was not reported")
