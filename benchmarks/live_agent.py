"""`python -m benchmarks.live_agent run --settings FILE`: an agent whose lines are made up.

Outbox, uplink and link are the agent's own, wired as `agent.app` wires them; on standard output it
says the number of each round it has sealed, and when by the monotonic clock; and `settled` with the
number up to which all are receipted.
"""

import argparse
import asyncio
import random
import signal
import time
from pathlib import Path

from agent.clock import KernelClock
from agent.config import load
from agent.link import MqttConnector, Post
from agent.outbox.outbox import Outbox, Waiting
from agent.status import Reporter
from agent.sync import Synchroniser
from agent.uplink import Name, Uplink
from benchmarks.rounds import FULL, Rounds
from benchmarks.sealing import outbox_in
from contract.codec import encode_model
from contract.messages import Status
from contract.settings import AgentSettings
from contract.tls import client_context
from contract.topics import Topics

INTERVAL_S = 0.1
LOOK_S = 0.005


def main() -> None:
    """Seals a round each INTERVAL_S until SIGTERM."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.live_agent")
    parser.add_argument("command", choices=["run"])
    parser.add_argument("--settings", type=Path, required=True)
    asyncio.run(_serve(load(parser.parse_args().settings)))


async def _serve(settings: AgentSettings) -> None:
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    async with outbox_in(Path(settings.gateway.data_dir), settings.gateway.id) as outbox:
        sync = _synchroniser(settings, outbox)
        running = [
            asyncio.create_task(sync.run()),
            asyncio.create_task(_seal(outbox, sync)),
            asyncio.create_task(_look(outbox)),
        ]
        await stop.wait()
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)


async def _seal(outbox: Outbox, sync: Synchroniser) -> None:
    loop = asyncio.get_running_loop()
    rounds, due_s = Rounds(FULL), loop.time()
    epoch = outbox.ledger.current.epoch
    print(f"epoch {epoch}", flush=True)
    while True:
        batch = await outbox.seal(rounds.take())
        assert batch is not None
        sync.sealed(Name(epoch, batch.n))
        print(f"{batch.n} {time.monotonic():.6f}", flush=True)
        due_s += INTERVAL_S
        await asyncio.sleep(due_s - loop.time())


async def _look(outbox: Outbox) -> None:
    said = 0
    while True:
        await asyncio.sleep(LOOK_S)
        ranges = outbox.ledger.current.settled.ranges
        if ranges and ranges[0][0] == 1 and ranges[0][1] > said:
            said = ranges[0][1]
            print(f"settled {said} {time.monotonic():.6f}", flush=True)


def _synchroniser(settings: AgentSettings, outbox: Outbox) -> Synchroniser:
    clock, topics, gateway = (
        KernelClock(trusted=True),
        Topics(settings.gateway.city),
        outbox.gateway,
    )
    will = Status(gateway=gateway, state="offline")
    reporter = Reporter(
        outbox=outbox, clock=clock, started_ms=clock.boot_ms(), faults=list, runway=_unknown
    )
    return Synchroniser(
        connector=MqttConnector(
            broker=settings.broker,
            tls=client_context(settings.broker),
            identifier=gateway,
            listen=topics.receipt(gateway),
            will=Post(topic=topics.status(gateway), payload=encode_model(will), retain=True),
        ),
        outbox=outbox,
        uplink=Uplink(outbox.ledger, settings.uplink, jitter=_jitter),
        topics=topics,
        settings=settings.uplink,
        status=reporter.status,
        now_s=lambda: clock.boot_ms() / 1_000,
        jitter=_jitter,
    )


async def _unknown(_: Waiting) -> None:
    """Nobody asks this agent how long it could go on."""


def _jitter() -> float:
    return 0.5 + random.random()


if __name__ == "__main__":
    main()
