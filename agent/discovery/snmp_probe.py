"""What an SNMP agent says of its device, asked with one datagram."""

from dataclasses import dataclass

from agent.drivers import ber
from agent.drivers.resolver import Resolver
from agent.drivers.snmp import SnmpAgent, new_number
from agent.drivers.snmp_message import Binding, Bindings, Community
from agent.errors import DeviceError

SYS_DESCR, SYS_OBJECT_ID, SYS_NAME = (f"1.3.6.1.2.1.1.{number}.0" for number in (1, 2, 5))
ENTERPRISES = "1.3.6.1.4.1."
MAKERS = {  # by IANA's private enterprise number: the maker, and its profile
    14988: ("MikroTik", "mikrotik"),
    41112: ("Ubiquiti", "unifi"),
    14823: ("Aruba", "aruba_instant"),
    25053: ("Ruckus", "ruckus"),
}
MAX_TEXT = 80


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """A device's own words; no maker if its enterprise is none that is known here."""

    description: str
    name: str
    maker: str = ""
    profile: str = ""


async def ask_system(host: str, port: int, community: str, *, timeout_ms: int) -> Told | None:
    """The system group, by one GET with one community; None if nothing that counts comes."""
    agent = SnmpAgent(
        host=host,
        port=port,
        dialect=Community(community=community),
        timeout_ms=timeout_ms,
        resolver=Resolver(),
        new_number=new_number,
    )
    try:
        return told(await agent.get((SYS_DESCR, SYS_OBJECT_ID, SYS_NAME)))
    except DeviceError:
        return None


def told(answer: Bindings) -> Told:
    """What the answer says; raises FrameError."""
    said = {one.oid: one for one in answer}
    maker, profile = MAKERS.get(_enterprise(said.get(SYS_OBJECT_ID)), ("", ""))
    return Told(
        description=_text(said.get(SYS_DESCR)) or "without a description",
        name=_text(said.get(SYS_NAME)),
        maker=maker,
        profile=profile,
    )


def _enterprise(said: Binding | None) -> int:
    if said is None or said.tag != ber.OBJECT_IDENTIFIER:
        return 0
    dotted = ber.to_oid(said.content)
    number = dotted.removeprefix(ENTERPRISES).partition(".")[0]
    return int(number) if dotted.startswith(ENTERPRISES) else 0


def _text(said: Binding | None) -> str:
    if said is None or said.tag != ber.OCTET_STRING:
        return ""
    text = said.content[: 4 * MAX_TEXT].decode("utf-8", "replace")
    return "".join(one for one in text if one.isprintable())[:MAX_TEXT]
