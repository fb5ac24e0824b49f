"""What the running agent answers over its socket when somebody is here with a stick."""

import asyncio
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from agent.asking import ask
from agent.carrying.answers import ANSWERS, Closed, Held, SentBatches, received
from agent.carrying.carrier import AT_ONCE, Carrier
from agent.console import Console
from agent.errors import AgentError
from contract.carried import CarriedBatch, pack_receipt
from contract.codec import sha256_of
from contract.messages import EpochReceipt, Receipt
from provisioning.certificates import Role
from tests.agent.outbox.making import here
from tests.carrying.town import CITY, OWN, Authority, Gateway


@pytest.fixture(scope="module")
def authority() -> Authority:
    return Authority()


@pytest.fixture
def gateway(tmp_path: Path, authority: Authority) -> Iterator[Gateway]:
    made = Gateway(tmp_path, authority)
    made.seal(AT_ONCE + 8)
    yield made
    made.close()


def _answers(gateway: Gateway, folder: Path, command: Mapping[str, object]) -> object:
    carrier = Carrier(
        outbox=gateway.outbox, file=gateway.file, in_thread=here, place=gateway.place,
        ca_file=folder / "ca.pem", settled=lambda: None,
    )  # fmt: skip
    return asyncio.run(ANSWERS[str(command["cmd"])](carrier, command))


def test_batches_come_a_few_at_a_time_and_each_is_what_was_sealed(
    gateway: Gateway, tmp_path: Path
) -> None:
    epoch = gateway.outbox.ledger.current.epoch
    seen: list[CarriedBatch] = []
    at = 1
    while at <= AT_ONCE + 8:
        command = {"cmd": "carry", "epoch": epoch, "first": at, "last": AT_ONCE + 8}
        answer = _answers(gateway, tmp_path, command)
        assert isinstance(answer, SentBatches)
        carried = received(answer)
        seen += carried.batches
        at = carried.next
    assert [one.header.key.n for one in seen] == list(range(1, AT_ONCE + 9))
    assert all(sha256_of(one.header.key, one.body) == one.header.sha256 for one in seen)


@pytest.mark.parametrize(
    "command",
    [
        {"cmd": "carry"},
        {"cmd": "carry", "epoch": "../../etc", "first": 1, "last": 2},
        {"cmd": "carry", "epoch": "00112233445566aa", "first": 1, "last": 2},
        {"cmd": "carry", "epoch": "00112233445566aa", "first": 0, "last": 2**60},
        {"cmd": "settle"},
        {"cmd": "settle", "receipt": "{}"},
        {"cmd": "settle", "receipt": 7},
    ],
    ids=str,
)
def test_a_command_that_cannot_be_is_refused_in_words(
    command: Mapping[str, object], gateway: Gateway, tmp_path: Path
) -> None:
    with pytest.raises(AgentError, match=r"\w+ \w+"):
        _answers(gateway, tmp_path, command)


def _receipt(gateway: Gateway) -> Receipt:
    said = EpochReceipt(
        epoch=gateway.outbox.ledger.current.epoch, first=1, last=9, committed=[(1, 9)]
    )
    return Receipt(gateway=OWN, version=5, epochs=[said])


def test_whoever_may_open_the_socket_may_not_settle_anything(
    gateway: Gateway, tmp_path: Path, authority: Authority
) -> None:
    for signer in (gateway.signer, Authority().holder("bridge", role=Role.BRIDGE)):
        forged = pack_receipt(CITY, _receipt(gateway), signer).decode()
        with pytest.raises(AgentError):
            _answers(gateway, tmp_path, {"cmd": "settle", "receipt": forged})
    assert gateway.waiting == AT_ONCE + 8
    bridge = authority.holder("bridge", role=Role.BRIDGE)
    signed = pack_receipt(CITY, _receipt(gateway), bridge).decode()
    assert _answers(gateway, tmp_path, {"cmd": "settle", "receipt": signed}) == Closed(closed=9)
    assert gateway.waiting == AT_ONCE - 1


async def test_a_statement_goes_through_the_socket(gateway: Gateway, tmp_path: Path) -> None:
    holding = await gateway.outbox.holding()

    async def answer(_: Mapping[str, object]) -> Mapping[str, object]:
        return Held(holding=holding).model_dump(mode="json", exclude_none=True)

    socket = tmp_path / "agent.sock"
    serving = asyncio.create_task(Console({"hold": answer}).run(socket))
    while not socket.exists():  # noqa: ASYNC110 the socket is a file
        await asyncio.sleep(0)
    said = await asyncio.to_thread(ask, socket, {"cmd": "hold"}, Held)
    serving.cancel()
    assert said == Held(holding=holding)
