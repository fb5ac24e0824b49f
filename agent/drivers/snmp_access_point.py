"""An access point tells its uptime, uplink, rates and clients by SNMP, v2c or v3."""

import secrets
from collections.abc import Callable
from dataclasses import dataclass

from agent.deadline import Deadline
from agent.drivers import ber
from agent.drivers.access_point_profiles import PROFILES
from agent.drivers.driver import Driver, Observation
from agent.drivers.place import NetworkPlace
from agent.drivers.rate import Rates
from agent.drivers.snmp import Dialect, SnmpAgent, new_number
from agent.drivers.snmp_message import Bindings, Community
from agent.errors import DeviceError, DeviceRefused, FrameError, LoginRefused
from agent.language import _
from contract.errors import SettingsError
from contract.network_devices import SnmpAccessPoint

SYS_UP_TIME = "1.3.6.1.2.1.1.3.0"
IF_OPER_STATUS = "1.3.6.1.2.1.2.2.1.8"
IF_HC_IN_OCTETS = "1.3.6.1.2.1.31.1.1.1.6"
IF_HC_OUT_OCTETS = "1.3.6.1.2.1.31.1.1.1.10"
UP = 1
TICKS_PER_S = 100
# Old MikroTik MIBs call the number of clients a Counter32; it is a gauge all the same.
NUMBERS = (ber.INTEGER, ber.COUNTER32, ber.GAUGE32, ber.COUNTER64)
CLIENTS = "connected_clients"


@dataclass(frozen=True, slots=True, kw_only=True)
class Variable:
    """One object to ask for, its types, and how its number becomes a quantity."""

    oid: str
    quantity: str
    tags: tuple[int, ...]
    convert: Callable[[int], float] = float


class SnmpAccessPointDriver:
    """One access point's objects, and the table in which it counts its clients."""

    def __init__(
        self,
        agent: SnmpAgent,
        variables: tuple[Variable, ...],
        *,
        table: str,
        timeout_ms: int,
        now_ms: Callable[[], int],
    ) -> None:
        self._agent = agent
        self._variables = variables
        self._oids = tuple(one.oid for one in variables)
        self._table = table
        self._timeout_ms = timeout_ms
        self._now_ms = now_ms
        self._rates = Rates()

    async def read(self) -> tuple[Observation, ...]:
        """What the device has of the variables, their rates, its clients; raises DeviceError."""
        seen = observe(await self._agent.get(self._oids), self._variables)
        rates = self._rates.of(seen, self._now_ms())
        counted = any(one.quantity == CLIENTS for one in seen)
        return (*seen, *rates, *(() if counted else await self._clients()))

    async def _clients(self) -> tuple[Observation, ...]:
        """Nothing if the device does not tell: an access point without a count still works."""
        if not self._table:
            return ()
        try:
            async with Deadline(self._timeout_ms / 1_000):
                return count_clients(await self._agent.walk(self._table))
        except LoginRefused:
            raise
        except (DeviceError, TimeoutError):
            return ()


def build(settings: SnmpAccessPoint, place: NetworkPlace) -> Driver:
    """The driver of one access point; raises SettingsError if an OID of it names no object."""
    asked, table = variables(settings), table_of(settings)
    _check(settings, (*(one.oid for one in asked), *filter(None, [table])))
    agent = SnmpAgent(
        host=settings.host,
        port=settings.port,
        dialect=dialect(settings, place),
        timeout_ms=settings.timeout_ms,
        resolver=place.resolver,
        new_number=new_number,
        traffic=place.traffic,
    )
    driver = SnmpAccessPointDriver(
        agent, asked, table=table, timeout_ms=settings.timeout_ms, now_ms=place.clock.boot_ms
    )
    if settings.hotspot is None:
        return driver
    from agent.drivers.hotspot import with_hotspot  # noqa: PLC0415 few have one

    return with_hotspot(driver, settings.hotspot, place)


def dialect(settings: SnmpAccessPoint, place: NetworkPlace) -> Dialect:
    """Version 2c, or 3 for a user; raises SettingsError if its library is not here."""
    if not settings.user:
        return Community(community=settings.community)
    from agent.drivers.snmp_v3 import User, Usm  # noqa: PLC0415

    if settings.priv_password:
        _load_cryptography(settings)
    user = User(
        name=settings.user,
        auth=settings.auth_protocol,
        auth_password=settings.auth_password,
        priv_password=settings.priv_password,
    )
    pause = place.pauses.of(
        f"{settings.host}:{settings.port}",
        user.name,
        f"{user.auth_password} {user.priv_password}",
        who="the access point",
    )
    return Usm(user, clock=place.clock, pause=pause, first_salt=secrets.randbits(64))


def variables(settings: SnmpAccessPoint) -> tuple[Variable, ...]:
    """What is asked of the access point besides its table."""
    counter, index = (ber.COUNTER64,), settings.interface
    asked = [
        Variable(
            oid=SYS_UP_TIME,
            quantity="uptime",
            tags=(ber.TIME_TICKS,),
            convert=lambda ticks: ticks / TICKS_PER_S,
        ),
        _status(settings),
        Variable(oid=f"{IF_HC_IN_OCTETS}.{index}", quantity="received_bytes", tags=counter),
        Variable(oid=f"{IF_HC_OUT_OCTETS}.{index}", quantity="sent_bytes", tags=counter),
    ]
    one_row = table_of(settings) if settings.rows else ""
    if count := settings.clients_oid or one_row:
        asked.append(Variable(oid=count, quantity=CLIENTS, tags=NUMBERS))
    return tuple(asked)


def table_of(settings: SnmpAccessPoint) -> str:
    """Where the rows lie that count its clients, or nothing."""
    table = settings.clients_table or PROFILES[settings.profile].clients
    if settings.clients_oid or not table:
        return ""
    return f"{table}.{settings.rows}" if settings.rows else table


def observe(answer: Bindings, asked: tuple[Variable, ...]) -> tuple[Observation, ...]:
    """The values of an answer, objects the device lacks left out; raises FrameError.

    DeviceRefused if it has none of them.
    """
    known = {variable.oid: variable for variable in asked}
    seen = []
    for one in answer:
        variable = known[one.oid]
        if one.missing:
            continue
        if one.tag not in variable.tags or one.number is None:
            raise FrameError(f"{variable.quantity} came as {one.type}")
        seen.append(Observation(quantity=variable.quantity, value=variable.convert(one.number)))
    if not seen:
        raise DeviceRefused(
            "the device has none of the objects asked",
            hint="correct interface, rows and clients_oid in the settings",
        )
    return tuple(seen)


def count_clients(rows: Bindings) -> tuple[Observation, ...]:
    """All rows together; nothing of an empty table, for nobody knows whether that means none.

    Raises FrameError for a row that is no number.
    """
    if not rows:
        return ()
    strange = [one for one in rows if one.tag not in NUMBERS or one.number is None]
    if strange:
        raise FrameError(f"{CLIENTS} came as {strange[0].type}")
    clients = sum(one.number or 0 for one in rows)
    return (Observation(quantity=CLIENTS, value=float(clients)),)


def _status(settings: SnmpAccessPoint) -> Variable:
    """The access point's own row at its controller, or the interface's."""
    profile = PROFILES[settings.profile]
    oid, up = f"{IF_OPER_STATUS}.{settings.interface}", UP
    if profile.status and settings.rows:
        oid, up = f"{profile.status}.{settings.rows}", profile.up
    return Variable(
        oid=oid,
        quantity="interface_up",
        tags=(ber.INTEGER,),
        convert=lambda status: float(status == up),
    )


def _check(settings: SnmpAccessPoint, oids: tuple[str, ...]) -> None:
    for one in oids:
        try:
            ber.oid(one)
        except ValueError:
            raise SettingsError(
                _("{asset}: {oid} is no object identifier").format(asset=settings.asset, oid=one),
                hint=_("take clients_oid, clients_table and rows from the access point's MIB"),
            ) from None


def _load_cryptography(settings: SnmpAccessPoint) -> None:
    try:
        import cryptography.hazmat.primitives.ciphers  # noqa: F401, PLC0415
    except ImportError:
        raise SettingsError(
            _("{asset}: priv_password needs the library cryptography, which is not here").format(
                asset=settings.asset
            ),
            hint=_("install it, or leave priv_password out and have the answers signed only"),
        ) from None
