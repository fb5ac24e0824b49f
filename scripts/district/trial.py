"""A district after its agents have stopped, brought before the judge."""

import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType

from contract.identity import AssetId, GatewayId
from scripts.district.answers import read_answers
from scripts.district.district import District
from scripts.district.gateway import Gateway
from scripts.district.judge import Verdict, judge
from scripts.district.sealed import Outbox, read_outbox
from scripts.district.sheet import NamedLost
from scripts.district.stored import CityStore
from scripts.district.witness import Pause


class Stops:
    """Kills, freezes, starts and stops agents, and remembers when each was not reading."""

    def __init__(self, district: District) -> None:
        self._district = district
        self._gone_ms: dict[GatewayId, int] = {}
        self.pauses: list[Pause] = []

    def kill(self, gateway: Gateway) -> None:
        """SIGKILL: the round it was taking is never sealed."""
        self._gone_ms[gateway.id] = boot_ms()
        gateway.kill()

    def restart(self, gateway: Gateway) -> None:
        """Returns when it reads again."""
        killed_ms = self._gone_ms.pop(gateway.id, boot_ms())
        gateway.start()
        round_ms = round(self._district.plan.seal_interval_s * 1_000)
        self._add(gateway, killed_ms - round_ms, killed_ms, boot_ms())

    def freeze(self, gateway: Gateway) -> None:
        """SIGSTOP: it is there, and reads nothing."""
        self._gone_ms[gateway.id] = boot_ms()
        gateway.agent.freeze()

    def thaw(self, gateway: Gateway) -> None:
        """SIGCONT: the reads that it was waiting for have failed, and it goes on."""
        frozen_ms = self._gone_ms.pop(gateway.id)
        gateway.agent.thaw()
        interval_ms = round(self._district.plan.read_interval_s * 1_000)
        self._add(gateway, frozen_ms, frozen_ms, boot_ms() + interval_ms)

    def restart_all(self) -> None:
        """Those that were killed."""
        for gateway in self._district.gateways:
            if not gateway.agent.running:
                self.restart(gateway)

    def stop(self, gateway: Gateway) -> None:
        """SIGTERM: the last round is sealed, and nothing is read any more."""
        from_ms = boot_ms()
        gateway.stop()
        round_ms = round(self._district.plan.seal_interval_s * 1_000)
        self._add(gateway, from_ms, from_ms, boot_ms() + round_ms)

    def stop_all(self) -> None:
        """Every one, for good."""
        for gateway in self._district.gateways:
            self.stop(gateway)

    def _add(self, gateway: Gateway, unsealed_from_ms: int, from_ms: int, until_ms: int) -> None:
        self.pauses.append(
            Pause(
                gateway=gateway.id,
                unsealed_from_ms=unsealed_from_ms,
                from_ms=from_ms,
                until_ms=until_ms,
            )
        )


def outboxes_of(district: District) -> list[Outbox]:
    """As they lie on the gateways' cards."""
    return [read_outbox(outbox_file(gateway), gateway.id) for gateway in district.gateways]


def outbox_file(gateway: Gateway) -> Path:
    """Where its agent keeps what it sealed."""
    return Path(gateway.settings.gateway.data_dir) / "outbox.db"


def verdict_on(
    district: District,
    store: CityStore,
    pauses: Sequence[Pause],
    *,
    outboxes: Sequence[Outbox] | None = None,
    named_lost: Mapping[GatewayId, NamedLost] = MappingProxyType({}),
) -> Verdict:
    """Counted in its store, its outboxes and its devices' record."""
    return judge(
        outboxes=outboxes or outboxes_of(district),
        stored=store.read(),
        answers=read_answers(district.answers_file),
        gateway_of=_gateway_of(district),
        pauses=pauses,
        read_interval_ms=round(district.plan.read_interval_s * 1_000),
        named_lost=named_lost,
    )


def _gateway_of(district: District) -> dict[AssetId, GatewayId]:
    return {
        asset: place.gateway
        for place in district.plan.places
        for asset in (*place.lamps, *place.bins, *place.cameras, *place.access_points)
    }


def boot_ms() -> int:
    """CLOCK_BOOTTIME, which agents, devices and their judge share."""
    return time.clock_gettime_ns(time.CLOCK_BOOTTIME) // 1_000_000
