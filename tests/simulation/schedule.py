"""One seed is one schedule of faults; at its end everything must come together by itself."""

from collections.abc import Callable, Sequence
from pathlib import Path
from random import Random
from typing import TypeVar

from broker_bridge.inbound import Arrived
from contract.identity import City, GatewayId
from contract.topics import Topics
from tests.campaigns.seeds import Violation
from tests.simulation.card import Crash
from tests.simulation.city import SimCity
from tests.simulation.disk import remove_folder
from tests.simulation.gateway import SimGateway
from tests.simulation.healing import quiet_round
from tests.simulation.judge import check_balance, check_bounds, check_cards
from tests.simulation.network import Network
from tests.simulation.poison import KINDS, poison
from tests.simulation.truth import Batch, Truth
from tests.simulation.weather import Action, weathered
from tests.simulation.workshop import Templates, Workshop

_T = TypeVar("_T")
Trace = Callable[[str], None]
TOPICS = Topics(City("baubau"))
STARTED_MS = 1_795_000_000_000
STEPS = (20, 110)
HEALING_ROUNDS, HEALING_STEP_S = 40, 70


class Schedule:
    """The world of one seed."""

    def __init__(
        self, seed: int, folder: Path, templates: Templates, *, trace: Trace | None = None
    ) -> None:
        self._seed = seed
        self._random = Random(seed)
        self._trace = trace
        self._now_ms = STARTED_MS
        self._forgiven: set[Batch] = set()
        self._replaced: set[GatewayId] = set()  # whose card before is known to the city
        self.truth = Truth()
        self.network = Network(receipt_topic=TOPICS.receipt)
        self.city = SimCity(
            folder,
            template=templates.city,
            network=self.network,
            topics=TOPICS,
            now_ms=lambda: self._now_ms,
        )
        small = self._random.random() < 0.15
        self.gateways = [
            SimGateway(
                GatewayId(f"bb-000{number}"),
                folder,
                template=templates.outbox,
                network=self.network,
                topics=TOPICS,
                truth=self.truth,
                random=self._random,
                now_ms=lambda: self._now_ms,
                budget_bytes=22_000 if small else 1 << 20,
            )
            for number in range(1, self._random.randint(1, 2) + 1)
        ]
        self._actions, self._weights = weathered(self._menu(), self._random)

    def run(self, steps: Sequence[int]) -> None:
        """Faults, then healing, then the judgement."""
        try:
            for step in steps:
                self._chance_of(step)
                (action,) = self._random.choices(self._actions, cum_weights=self._weights)
                self._note(f"{step:3}  {action.__name__.strip('_')}")
                action()
                check_bounds(self.gateways)
            self._chance_of("healing")
            self._heal()
            self._judge()
        finally:
            self.city.close()
            for gateway in self.gateways:
                gateway.card.file.close()

    def _menu(self) -> dict[Action, float]:
        """What can happen, and how often in most schedules."""
        return {
            self._seal: 24,
            self._seal_event: 5,
            self._seal_badly: 4,
            self._crash_in_a_write: 2,
            self._restart: 2.5,
            self._reboot: 1.5,
            self._learn_time: 3,
            self._link: 9,
            self._unlink: 4,
            self._state: 3,
            self._send: 16,
            self._carry: 22,
            self._lose: 1,
            self._double: 1.5,
            self._garble: 0.7,
            self._acknowledge: 9,
            self._tell_gateway: 9,
            self._repeat_receipt: 1.5,
            self._ingest: 20,
            self._ingest_badly: 7,
            self._kill_bridge: 2,
            self._start_bridge: 7,
            self._kill_broker: 1,
            self._wipe_broker: 1,
            self._start_broker: 5,
            self._back_up: 1,
            self._restore: 0.6,
            self._poison: 1.5,
            self._pass_time: 9,
            self._replace_card: 0.25,
            self._copy_card: 0.5,
            self._put_copy_back: 0.4,
            self._spoil_card: 0.25,
            self._tear_card: 0.2,
            self._wait_for_uplink: 4,
        }

    def _note(self, words: str) -> None:
        if self._trace:
            self._trace(f"{(self._now_ms - STARTED_MS) / 1_000:8.1f} s  {words.strip('_')}")

    def _chance_of(self, step: int | str) -> None:
        """Each step has chances of its own, so that the others stay the same without it."""
        self._random.seed(f"{self._seed} {step}")

    def _any_gateway(self) -> SimGateway:
        return self._random.choice(self.gateways)

    def _gateway(self, gateway: GatewayId) -> SimGateway:
        return next(one for one in self.gateways if one.id == gateway)

    # What happens to a gateway.

    def _seal(self) -> None:
        for _ in range(self._random.choice((1, 1, 1, 2, 12))):
            self._pass_ms(self._random.randint(1, 3_000))
            self._any_gateway().seal()

    def _seal_event(self) -> None:
        self._pass_ms(10)
        self._any_gateway().seal(event=True)

    def _seal_badly(self) -> None:
        self._pass_ms(10)
        self._any_gateway().seal(fate=self._random.choice(("full", "fail after")))

    def _crash_in_a_write(self) -> None:
        self._pass_ms(10)
        gateway = self._any_gateway()
        try:
            gateway.seal(fate=self._random.choice(("crash before", "crash after")))
        except Crash:
            gateway.restart(reboot=self._random.random() < 0.5)

    def _restart(self) -> None:
        self._any_gateway().restart(reboot=False)

    def _reboot(self) -> None:
        self._any_gateway().restart(reboot=True)

    def _learn_time(self) -> None:
        self._any_gateway().learn_time()

    def _replace_card(self) -> None:
        gateway = self._any_gateway()
        gateway.replace_card()
        if self.city.stated(gateway.id):
            self._replaced.add(gateway.id)

    def _copy_card(self) -> None:
        self._any_gateway().keep_image()

    def _put_copy_back(self) -> None:
        gateway = self._any_gateway()
        was_silent = not self._is_heard(gateway)
        gateway.put_image_back()
        if was_silent and self._is_heard(gateway):  # the new card never said a word
            self._replaced.discard(gateway.id)

    def _is_heard(self, gateway: SimGateway) -> bool:
        return any(e.epoch in self.city.stated(gateway.id) for e in gateway.outbox.ledger.epochs)

    def _spoil_card(self) -> None:
        self._any_gateway().spoil()

    def _tear_card(self) -> None:
        self._any_gateway().tear()

    def _wait_for_uplink(self) -> None:
        self._pass_ms(min(self._any_gateway().wakes_in_ms(), HEALING_STEP_S * 1_000))

    def _link(self) -> None:
        gateway = self._any_gateway()
        if self.network.broker_up and not gateway.linked:
            gateway.link()

    def _unlink(self) -> None:
        self._any_gateway().unlink()

    def _state(self) -> None:
        gateway = self._any_gateway()
        if gateway.linked:
            gateway.state()

    def _send(self) -> None:
        self._any_gateway().send()

    # What happens on the way.

    def _carry(self) -> None:
        for _ in range(self._random.randint(1, 6)):
            if self.network.upward:
                self.network.reach_broker(self._pick(self.network.upward))

    def _lose(self) -> None:
        """A copy that never arrives ends its link, as TCP does."""
        if self.network.upward:
            self._gateway(self._pick(self.network.upward).gateway).unlink()

    def _double(self) -> None:
        if self.network.waiting:
            self.network.waiting.append(self._random.choice(self.network.waiting))

    def _garble(self) -> None:
        """Bytes change on the way; the hash sees it, and the number stays open."""
        batches = [at for at, a in enumerate(self.network.waiting) if "/batch/" in a.topic]
        if batches:
            at = self._random.choice(batches)
            self.network.waiting.append(poison(self.network.waiting[at], "garbled", self._random))

    def _poison(self) -> None:
        batches = [a for a in self.network.waiting if "/batch/" in a.topic]
        if batches:
            kind = self._random.choice(KINDS)
            self.network.waiting.append(poison(self._random.choice(batches), kind, self._random))

    def _acknowledge(self) -> None:
        for _ in range(self._random.randint(1, 6)):
            if self.network.pubacks:
                ack = self._pick(self.network.pubacks)
                self._gateway(ack.gateway).acknowledged(ack)
                self._check_settled(self._gateway(ack.gateway))

    def _tell_gateway(self) -> None:
        for _ in range(self._random.randint(1, 3)):
            if self.network.downward:
                said = self._pick(self.network.downward)
                self._gateway(said.gateway).hear(said.payload)
                self._check_settled(self._gateway(said.gateway))

    def _repeat_receipt(self) -> None:
        if self.network.downward:
            self.network.downward.append(self._random.choice(self.network.downward))

    def _pick(self, items: list[_T]) -> _T:
        """Mostly in order, at times not."""
        at = 0 if self._random.random() < 0.8 else self._random.randrange(len(items))
        return items.pop(at)

    # What happens in the city.

    def _ingest(self) -> None:
        if self.city.running:
            self.city.take(self._group())

    def _ingest_badly(self) -> None:
        if not self.city.running:
            return
        fate = self._random.choice(("gone before", "gone before", "gone after", ""))
        dies = "" if fate else self._random.choice(("before the receipts", "before PUBACK"))
        self.city.take(self._group(), fate=fate, dies=dies)
        if dies:
            self._kill_bridge()

    def _group(self) -> list[Arrived]:
        size = min(self._random.randint(1, 12), len(self.network.waiting))
        return [self._pick(self.network.waiting) for _ in range(size)]

    def _kill_bridge(self) -> None:
        self.network.unsubscribe(lambda _: self._random.random() < 0.5)

    def _start_bridge(self) -> None:
        if self.network.broker_up and not self.city.running:
            self.city.start()

    def _kill_broker(self) -> None:
        self._end_broker(wiped=False)

    def _wipe_broker(self) -> None:
        self._end_broker(wiped=True)

    def _end_broker(self, *, wiped: bool) -> None:
        for gateway in self.network.kill_broker(wiped=wiped):
            self._gateway(gateway).unlink()

    def _start_broker(self) -> None:
        self.network.broker_up = True

    def _back_up(self) -> None:
        self.city.back_up()

    def _restore(self) -> None:
        """What was committed since the copy may stay settled until the gateways hear of it."""
        now = {batch for gateway in self.gateways for batch in self.city.committed(gateway.id)}
        self._kill_bridge()
        if self.city.restore():
            self._forgiven |= now
            self._replaced.clear()

    def _pass_time(self) -> None:
        self._pass_ms(self._random.choice((200, 1_500, 25_000, 70_000)))

    def _pass_ms(self, passing_ms: int) -> None:
        self._now_ms += passing_ms

    # What must be true.

    def _check_settled(self, gateway: SimGateway) -> None:
        wrong = gateway.settled() - self.city.committed(gateway.id) - self._forgiven
        if wrong:
            raise Violation(f"settled while not in the database: {sorted(wrong)[0]}")

    def _heal(self) -> None:
        """No more faults: within a bounded time everything sealed is closed."""
        self._note("all is mended")
        self.network.broker_up = True
        if not self.city.running:
            self.city.start()
        for number in range(HEALING_ROUNDS):
            for gateway in self.gateways:
                quiet_round(gateway)
            self._drain(sending=number > 0)
            check_cards(self.city, self.gateways)
            if not any(gateway.open_batches() for gateway in self.gateways):
                self._drain()
                return
            self._pass_ms(HEALING_STEP_S * 1_000)
        left = {gateway.id: gateway.open_batches() for gateway in self.gateways}
        raise Violation(f"does not come together: {left} batches are still open")

    def _drain(self, *, sending: bool = False) -> None:
        """All that is on its way arrives; `sending`: as an agent does on hearing that it has."""
        network = self.network
        while network.upward or network.waiting or network.pubacks or network.downward:
            while network.upward:
                network.reach_broker(network.upward.pop(0))
            while network.waiting:
                self.city.take([network.waiting.pop(0) for _ in network.waiting[:50]])
            self._settle_all()
            if sending:
                for gateway in self.gateways:
                    gateway.send()

    def _settle_all(self) -> None:
        while self.network.pubacks:
            ack = self.network.pubacks.pop(0)
            self._gateway(ack.gateway).acknowledged(ack)
        while self.network.downward:
            said = self.network.downward.pop(0)
            self._gateway(said.gateway).hear(said.payload)
        for gateway in self.gateways:
            self._check_settled(gateway)

    def _judge(self) -> None:
        if self._forgiven:
            for gateway in self.gateways:  # evicted, as settled, and then lost by the city
                gateway.name_losses(evicted=True)
        self.truth.judge(self.city.rows(), self.city.events())
        check_balance(self.city, self._replaced)


def run_length(seed: int) -> int:
    """How many steps a schedule has."""
    return Random(f"{seed} length").randint(*STEPS)


def run_schedule(
    seed: int, shop: Workshop, steps: Sequence[int] | None = None, *, trace: Trace | None = None
) -> None:
    """All its steps, or only some; raises Violation, in words, if a promise is broken."""
    place = shop.folder / f"schedule-{seed}"
    place.mkdir()
    try:
        schedule = Schedule(seed, place, shop.templates, trace=trace)
        schedule.run(range(run_length(seed)) if steps is None else steps)
    finally:
        remove_folder(place)
