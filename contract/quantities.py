"""What is measured: each quantity with unit (UCUM), range, and the attribute it feeds."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Quantity:
    """`low` to `high` is plausible; outside it a reading is stored and marked suspect."""

    name: str
    unit: str  # UCUM, case-sensitive code; "1" is dimensionless
    low: float
    high: float
    feeds: str = ""  # Smart Data Models entity.attribute
    meaning: str

    def plausible(self, value: float) -> bool:
        """Whether a working device could have measured this."""
        return self.low <= value <= self.high


_ALL = (
    Quantity(name="voltage", unit="V", low=80, high=300, feeds="Streetlight.voltage",
             meaning="RMS supply voltage"),
    Quantity(name="current", unit="A", low=0, high=100, feeds="Streetlight.current",
             meaning="RMS current"),
    Quantity(name="active_power", unit="W", low=0, high=23_000,
             feeds="Streetlight.powerConsumption", meaning="active power drawn"),
    Quantity(name="active_energy", unit="W.h", low=0, high=9_999_990,
             feeds="Streetlight.lifetimePowerConsumption",
             meaning="active energy since the meter's last reset"),
    Quantity(name="frequency", unit="Hz", low=45, high=65,
             feeds="StreetlightControlCabinet.frequency", meaning="mains frequency"),
    Quantity(name="power_factor", unit="1", low=-1, high=1, feeds="Streetlight.powerFactor",
             meaning="power factor; the sign follows the transformer's direction"),
    Quantity(name="power_alarm", unit="1", low=0, high=1,
             meaning="1 while the meter's own power threshold is exceeded"),
    Quantity(name="distance", unit="mm", low=30, high=10_000,
             meaning="from the sensor down to the waste"),
    Quantity(name="reachable", unit="1", low=0, high=1, feeds="AccessPoint.apState",
             meaning="1 if the device answered"),
    Quantity(name="response_time", unit="ms", low=0, high=60_000,
             meaning="from the question to the end of the answer"),
    Quantity(name="rtsp_status", unit="1", low=100, high=599,
             meaning="status code of the last DESCRIBE (RFC 2326)"),
    Quantity(name="video_streams", unit="1", low=1, high=64, feeds="Camera.on",
             meaning="m=video lines in the stream's description"),
    Quantity(name="uptime", unit="s", low=0, high=42_949_673,
             feeds="AccessPoint.dateLastReboot",
             meaning="sysUpTime of the device's agent; wraps after 497 days"),
    Quantity(name="interface_up", unit="1", low=0, high=1, feeds="AccessPoint.apState",
             meaning="1 while ifOperStatus is up"),
    Quantity(name="received_bytes", unit="By", low=0, high=2.0**64,
             meaning="ifHCInOctets, a counter that wraps at 2^64"),
    Quantity(name="sent_bytes", unit="By", low=0, high=2.0**64,
             meaning="ifHCOutOctets, a counter that wraps at 2^64"),
    Quantity(name="connected_clients", unit="1", low=0, high=2_000,
             feeds="AccessPoint.clientsConnected", meaning="associated clients, a count only"),
)  # fmt: skip

QUANTITIES: dict[str, Quantity] = {quantity.name: quantity for quantity in _ALL}


def is_plausible(name: str, value: float) -> bool:
    """Whether `value` lies in the quantity's range; an unlisted quantity has none."""
    quantity = QUANTITIES.get(name)
    return quantity is None or quantity.plausible(value)
