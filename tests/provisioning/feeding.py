"""The feed as a bridge retains it, of gateways that need not be there."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Literal

from contract.codec import encode_model
from contract.identity import City, GatewayId
from contract.messages import Backlog, Counts, GatewayState, LogLine, Status
from contract.tls import Broker
from contract.topics import Topics
from provisioning.authority import issuing
from provisioning.certificates import Role
from tests.provisioning.conftest import Centre
from tests.system.mqtt_client import MqttClient

NOW = datetime(2026, 11, 25, 12, 0, tzinfo=UTC)
Said = Literal["online", "stopped", "offline"]


def state(
    name: str = "bb-0001",
    said: Said = "online",
    *,
    ago: timedelta = timedelta(seconds=12),
    waits: int = 0,
    oldest: timedelta = timedelta(),
    room: float | None = None,
    faults: tuple[str, ...] = (),
    log: tuple[LogLine, ...] = (),
    now: datetime | None = None,
) -> GatewayState:
    """As a bridge tells it."""
    at = (now or datetime.now(UTC)) - ago
    backlog = Backlog(
        batches=waits,
        counts=Counts(readings=4 * waits),
        oldest_age_ms=round(oldest.total_seconds() * 1_000),
    )
    return GatewayState(
        gateway=GatewayId(name),
        registered=True,
        heard_at=f"{at:%Y-%m-%dT%H:%M:%S}.000Z",
        status=Status(
            gateway=GatewayId(name),
            state=said,
            backlog=backlog,
            runway_days=room,
            faults=list(faults),
            log=list(log) or None,
        ),
    )


Tell = Callable[..., None]


def may_hear(centre: Centre) -> None:
    """The office has a reader of its own, and the broker knows it."""
    now = datetime.now(UTC)
    issuing.issue(centre.authority, "status", Role.READER, now=now)
    issuing.send(centre.authority, now=now)


@contextmanager
def telling(centre: Centre) -> Iterator[Tell]:
    """Retains states as a bridge does."""
    own = centre.authority.folder / "clients" / "bridge"
    address = Broker(
        host="127.0.0.1",
        port=centre.port,
        ca_file=str(own / "ca.pem"),
        cert_file=str(own / "bridge.pem"),
        key_file=str(own / "bridge.key"),
    )
    topics = Topics(City("baubau"))
    with MqttClient(address) as bridge:

        def tell(*states: GatewayState) -> None:
            for one in states:
                bridge.publish(topics.gateway_state(one.gateway), encode_model(one), retain=True)

        yield tell
