"""`nadi-bridge discard`: the office gives up what a gateway that is gone still held."""

import sys

from pydantic import ValidationError

from broker_bridge.balance import counted
from broker_bridge.config import StoreSettings
from broker_bridge.errors import DiscardRefused
from broker_bridge.language import _, mark
from broker_bridge.opening import opened_store
from contract.codec import MAX_STATEMENT_BYTES
from contract.discarding import Discard, Discarded


def discard(settings: StoreSettings, *, as_json: bool) -> None:
    """Raises DiscardRefused, StoreGone or StoreNewer, and then nothing is changed."""
    asked = _asked()
    with opened_store(settings) as store:
        if asked.gateway not in store.gateways():
            raise DiscardRefused(
                mark("{gateway}: no such gateway was ever heard"),
                hint=mark("check its name"),
                gateway=asked.gateway,
            )
        lost = store.discard(asked)
    if as_json:
        print(Discarded(gateway=asked.gateway, lost=lost).model_dump_json())
    else:
        said = _("{gateway}: {what} are given up: {reason}")
        print(said.format(gateway=asked.gateway, what=counted(lost), reason=asked.reason))


def _asked() -> Discard:
    try:
        return Discard.model_validate_json(sys.stdin.buffer.read(MAX_STATEMENT_BYTES))
    except ValidationError:
        raise DiscardRefused(
            mark("what is to be given up is one JSON document on standard input"),
            hint=mark('such as {{"gateway": "bb-0042", "count": 212, "reason": "card destroyed"}}'),
        ) from None
