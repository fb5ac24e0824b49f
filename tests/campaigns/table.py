"""Every campaign that `make nightly` runs: what it is, how often, and the command of a part."""

import sys
from collections.abc import Callable
from dataclasses import dataclass

from tests.campaigns.marked import marked_files
from tests.card_faults.campaign import CASES
from tests.full_card.trial import KILLS
from tests.fuzz.campaign import INPUTS
from tests.fuzz.decoders import DECODERS

More = Callable[[int, int], tuple[str, ...]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Campaign:
    """So many of one thing, a chunk at a time; a chunk is one command that ends with one JSON line.

    The line has `done` and `broken`; what broke was said before it, with a command to replay it.
    """

    name: str
    what: str
    unit: str
    promises: str
    nightly: int
    chunk: int
    module: str
    more: More = lambda _first, _count: ()
    whole: bool = False  # it starts programs, so all production code is judged
    unit_size: int = 1  # how many of the unit one of `nightly` is
    minutes: int = 0  # of one part, if it is a long one

    def command(self, first: int, count: int) -> list[str]:
        """The command of a part; its seeds are the numbers from `first` on."""
        numbers = ("--first", str(first), "--count", str(count), "--json")
        return [sys.executable, "-m", self.module, *numbers, *self.more(first, count)]


def fixed(*arguments: str) -> More:
    """The same for each part."""
    return lambda _first, _count: arguments


def on_both_stores(*arguments: str) -> More:
    """Parts that take turns on SQLite and PostgreSQL; the seed of a part is its first number."""

    def more(first: int, count: int) -> tuple[str, ...]:
        return ("--store", ("sqlite", "postgresql")[first // count % 2], *arguments)

    return more


CAMPAIGNS = (
    Campaign(
        name="power-cuts",
        what="power cuts under the unmodified sqlite3; unsynced writes lost, reordered, torn,"
        " also while a start recovers",
        unit="cuts",
        promises="N1 N3",
        nightly=100_000,
        chunk=3_000,
        unit_size=10,
        module="tests.power_cuts",
    ),
    Campaign(
        name="card-damage",
        what="outboxes torn, flipped, zero-filled, swapped, renumbered or foreign, a third of the"
        " salvages cut off: starts, keeps every intact batch, believes no other",
        unit="outboxes",
        promises="N1 N3",
        nightly=10_000,
        chunk=1_000,
        module="tests.card_damage",
    ),
    Campaign(
        name="card-faults",
        what="every call to the card fails in turn while an outbox seals, settles, thins, states,"
        " starts, stops and salvages: EIO, ENOSPC, EROFS, EFBIG; once, for good, now and then",
        unit="works and errors, each at every call",
        promises="N1 N3",
        nightly=len(CASES),
        chunk=14,
        module="tests.card_faults",
    ),
    Campaign(
        name="full-card",
        what="an agent that seals for real on a full file system of 16 MB, others writing on it"
        " too, killed at any moment: the loss ledger equals the truth, to the reading",
        unit="kills",
        promises="N1 N3",
        nightly=100,
        chunk=10,
        unit_size=KILLS,
        module="tests.full_card",
    ),
    Campaign(
        name="schedules",
        what="schedules of faults in the deterministic simulation of agent, broker and bridge",
        unit="schedules",
        promises="N1 N2 N3 N4 N6",
        nightly=1_000_000,
        chunk=20_000,
        module="tests.simulation",
    ),
    Campaign(
        name="time",
        what="boots, synchronisations, steps: each stored time within 1 s and 50 ppm of the"
        " distance, their uncertainty true, in order, marked",
        unit="schedules",
        promises="N6",
        nightly=100_000,
        chunk=4_000,
        module="tests.timing",
    ),
    Campaign(
        name="kills",
        what="real agents, broker, bridges and database killed, frozen, cut off, half open, reset"
        " and spoilt inside TLS under load, some 600 readings a fault; two bridges on PostgreSQL;"
        " by counting, in order",
        unit="faults",
        promises="N1 N2 N3 N4",
        nightly=2_000,
        chunk=50,
        module="scripts.kills",
        more=on_both_stores(),
        whole=True,
    ),
    Campaign(
        name="broker-wiped",
        what="the broker killed and its files deleted at a random moment under load",
        unit="wipes",
        promises="N2 N3 N4",
        nightly=200,
        chunk=20,
        module="scripts.kills",
        more=on_both_stores("--only", "wipe"),
        whole=True,
    ),
    Campaign(
        name="restores",
        what="the database put back to a backup of a random age under load, gateways' outboxes"
        " destroyed at times: what an outbox holds is back, none twice, the rest named as lost",
        unit="restores",
        promises="N2 N3",
        nightly=100,
        chunk=10,
        module="scripts.restores",
        more=on_both_stores(),
        whole=True,
    ),
    Campaign(
        name="herd",
        what="500 uplinks, a TLS session each, in 4 processes, cut off with 2,000 readings waiting"
        " each, return at once: all heard live within 120 s, live p99 within 5 s, 0 lost",
        unit="returns",
        promises="N2 N5",
        nightly=20,
        chunk=1,
        module="scripts.herd",
        more=fixed("--store", "postgresql"),  # five hundred gateways are a city
        whole=True,
    ),
    Campaign(
        name="soak",
        what="one agent's parts at 20 readings a second in their own time, on an ext4 of their own,"
        " cut off each day and once for three: memory grows by less than 1 MiB a day, no"
        " descriptor leaks, at most 110 MB a day reach the card, nothing is lost",
        unit="days",
        promises="N8",
        nightly=30,
        chunk=30,
        module="tests.soak",
        minutes=30,
    ),
    Campaign(
        name="soak-minutes",
        what="one agent as it is run, over 300 readings a second from simulated devices: by days of"
        " 20 readings a second, the same of its memory and its descriptors",
        unit="minutes",
        promises="N8",
        nightly=30,
        chunk=30,
        module="tests.soak",
        more=fixed("--real"),
        whole=True,
        minutes=32,
    ),
    Campaign(
        name="poison",
        what="bad messages of fourteen kinds among ten times as many good ones of four gateways,"
        " through real Mosquitto and bridge: all good stored once, all bad kept with their reason",
        unit="bad messages",
        promises="N2 N3",
        nightly=10_000,
        chunk=500,  # each leaves a hole, and a receipt names 500 ranges of a gateway
        module="tests.poison",
        more=on_both_stores(),
        whole=True,
    ),
    *(
        Campaign(
            name=f"fuzz-{name}",
            what=f"spoilt inputs of the decoder `{name}`: only documented errors, none longer than"
            " 1 s, bounded memory",
            unit="inputs",
            promises="N3",
            nightly=10_000,
            chunk=500,
            unit_size=INPUTS,
            module="tests.fuzz",
            more=fixed("--decoder", name),
        )
        for name in DECODERS
    ),
    Campaign(
        name="scenario-days",
        what="months of a gateway with faults at random, each told once, rightly named, in time;"
        " broken is what was missed, and false events beyond one a month",
        unit="months",
        promises="",
        nightly=200,
        chunk=8,
        module="tests.scenario",
    ),
    Campaign(
        name="unplugs",
        what="sticks pulled out at any moment, altered, imported twice, out of order: nothing lost,"
        " doubled or settled by copying, every alteration found",
        unit="unplugs",
        promises="N1 N2 N9",
        nightly=1_000,
        chunk=200,
        module="tests.carrying",
    ),
    Campaign(
        name="marked",
        what="the tests marked nightly: soups of spoiled frames, months of faults, and more",
        unit="test files",
        promises="",
        nightly=len(marked_files()),
        chunk=1,
        module="tests.campaigns.marked",
        whole=True,
        minutes=30,  # tests/machines/test_packages_installed.py, the longest
    ),
)
