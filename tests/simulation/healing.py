"""What a gateway does in a round in which nothing befalls it."""

from tests.simulation.gateway import SimGateway


def quiet_round(gateway: SimGateway) -> None:
    """It knows the time, seals, is linked, states itself and sends."""
    gateway.learn_time()
    gateway.seal()
    if not gateway.linked:
        gateway.link()
    gateway.state()
    gateway.send()
