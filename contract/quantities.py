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
    Quantity(name="voltage", unit="V", low=0, high=300, feeds="Streetlight.voltage",
             meaning="RMS supply voltage"),
    Quantity(name="current", unit="A", low=0, high=100, feeds="Streetlight.current",
             meaning="RMS current"),
    Quantity(name="active_power", unit="W", low=0, high=23_000,
             feeds="Streetlight.powerConsumption", meaning="active power drawn"),
    Quantity(name="active_energy", unit="W.h", low=0, high=1e10,
             feeds="Streetlight.lifetimePowerConsumption",
             meaning="active energy drawn since the meter's last reset"),
    Quantity(name="exported_energy", unit="W.h", low=0, high=1e10,
             meaning="active energy given back since the meter's last reset"),
    Quantity(name="apparent_power", unit="V.A", low=0, high=1e6, meaning="apparent power"),
    Quantity(name="reactive_power", unit="V.A{reactive}", low=-1e6, high=1e6,
             meaning="reactive power; the sign follows the transformer's direction"),
    Quantity(name="voltage_l1", unit="V", low=0, high=300,
             feeds="StreetlightControlCabinet.voltageR", meaning="RMS voltage of phase 1"),
    Quantity(name="voltage_l2", unit="V", low=0, high=300,
             feeds="StreetlightControlCabinet.voltageS", meaning="RMS voltage of phase 2"),
    Quantity(name="voltage_l3", unit="V", low=0, high=300,
             feeds="StreetlightControlCabinet.voltageT", meaning="RMS voltage of phase 3"),
    Quantity(name="current_l1", unit="A", low=0, high=1_000,
             feeds="StreetlightControlCabinet.intensityR", meaning="RMS current of phase 1"),
    Quantity(name="current_l2", unit="A", low=0, high=1_000,
             feeds="StreetlightControlCabinet.intensityS", meaning="RMS current of phase 2"),
    Quantity(name="current_l3", unit="A", low=0, high=1_000,
             feeds="StreetlightControlCabinet.intensityT", meaning="RMS current of phase 3"),
    Quantity(name="active_power_l1", unit="W", low=-250_000, high=250_000,
             feeds="StreetlightControlCabinet.activePowerR", meaning="active power of phase 1"),
    Quantity(name="active_power_l2", unit="W", low=-250_000, high=250_000,
             feeds="StreetlightControlCabinet.activePowerS", meaning="active power of phase 2"),
    Quantity(name="active_power_l3", unit="W", low=-250_000, high=250_000,
             feeds="StreetlightControlCabinet.activePowerT", meaning="active power of phase 3"),
    Quantity(name="total_active_power", unit="W", low=-750_000, high=750_000,
             feeds="StreetlightControlCabinet.totalActivePower",
             meaning="active power of all phases together"),
    Quantity(name="lamp_on", unit="1", low=0, high=1, feeds="Streetlight.powerState",
             meaning="1 while the control gear drives its lamp (DALI QUERY STATUS bit 2)"),
    Quantity(name="lamp_failure", unit="1", low=0, high=1, feeds="Streetlight.status",
             meaning="1 while the control gear reports a failed lamp (DALI QUERY STATUS bit 1)"),
    Quantity(name="control_gear_failure", unit="1", low=0, high=1, feeds="Streetlight.status",
             meaning="1 while the control gear reports itself failed (DALI QUERY STATUS bit 0)"),
    Quantity(name="contactor_command", unit="1", low=0, high=1,
             meaning="1 while the contactor's coil is told to close"),
    Quantity(name="contactor_closed", unit="1", low=0, high=1, feeds="StreetlightFeeder.powerState",
             meaning="1 while the contactor's auxiliary contact says it is closed"),
    Quantity(name="photocell_dark", unit="1", low=0, high=1,
             meaning="1 while the photocell calls for light"),
    Quantity(name="door_open", unit="1", low=0, high=1,
             meaning="1 if the cabinet's door was open since the last reading"),
    Quantity(name="light_level", unit="%", low=0, high=100,
             feeds="Streetlight.illuminanceLevel", meaning="actual level of the lamp"),
    Quantity(name="temperature", unit="Cel", low=-20, high=90,
             feeds="WasteContainer.temperature", meaning="temperature at the sensor"),
    Quantity(name="frequency", unit="Hz", low=45, high=65,
             feeds="StreetlightControlCabinet.frequency", meaning="mains frequency"),
    Quantity(name="power_factor", unit="1", low=-1, high=1, feeds="Streetlight.powerFactor",
             meaning="power factor; the sign follows the transformer's direction"),
    Quantity(name="power_alarm", unit="1", low=0, high=1,
             meaning="1 while the meter's own power threshold is exceeded"),
    Quantity(name="distance", unit="mm", low=30, high=10_000,
             meaning="from the sensor down to the waste"),
    Quantity(name="filling_level", unit="1", low=0, high=1, feeds="WasteContainer.fillingLevel",
             meaning="share of the bin that is full, from filtered distances and its geometry"),
    Quantity(name="tilted", unit="1", low=0, high=1, feeds="WasteContainer.status",
             meaning="1 while the bin lies down or its lid is open"),
    Quantity(name="battery_level", unit="%", low=0, high=100, feeds="Device.batteryLevel",
             meaning="what is left in the sensor's battery"),
    Quantity(name="battery_voltage", unit="V", low=1.5, high=5, meaning="of the sensor's battery"),
    Quantity(name="snr", unit="dB", low=-30, high=30,
             meaning="signal to noise of the last uplink at the best LoRaWAN gateway"),
    Quantity(name="cpu_temperature", unit="Cel", low=-20, high=110,
             meaning="of the gateway's processor"),
    Quantity(name="throttled", unit="1", low=0, high=1,
             meaning="1 while the gateway's firmware slows it down"),
    Quantity(name="undervoltage", unit="1", low=0, high=1,
             meaning="1 while the gateway's supply is too weak"),
    Quantity(name="card_free", unit="By", low=0, high=2.0**64,
             meaning="free on the card that holds the outbox"),
    Quantity(name="card_wear", unit="%", low=0, high=100,
             meaning="of the card's life that is used, where it tells"),
    Quantity(name="memory_available", unit="By", low=0, high=2.0**64,
             meaning="what programs can still have"),
    Quantity(name="clock_known", unit="1", low=0, high=1,
             meaning="1 while somebody vouches for the gateway's time"),
    Quantity(name="failed_reads", unit="1", low=0, high=1,
             meaning="share of the gateway's reads that gave nothing, since the last reading"),
    Quantity(name="reachable", unit="1", low=0, high=1, feeds="AccessPoint.apState",
             meaning="1 if the device answered"),
    Quantity(name="response_time", unit="ms", low=0, high=60_000,
             meaning="from the question to the end of the answer"),
    Quantity(name="rtsp_status", unit="1", low=100, high=599,
             meaning="status code of the last DESCRIBE (RFC 2326)"),
    Quantity(name="video_streams", unit="1", low=1, high=64, feeds="Camera.on",
             meaning="m=video lines in the stream's description"),
    Quantity(name="clock_drift", unit="s", low=-1e10, high=1e10,
             meaning="how far the camera's clock is ahead of the gateway's"),
    Quantity(name="uptime", unit="s", low=0, high=42_949_673,
             feeds="AccessPoint.dateLastReboot",
             meaning="sysUpTime of the device's agent; wraps after 497 days"),
    Quantity(name="interface_up", unit="1", low=0, high=1, feeds="AccessPoint.apState",
             meaning="1 while ifOperStatus is up"),
    Quantity(name="received_bytes", unit="By", low=0, high=2.0**64,
             meaning="ifHCInOctets, a counter that wraps at 2^64"),
    Quantity(name="sent_bytes", unit="By", low=0, high=2.0**64,
             meaning="ifHCOutOctets, a counter that wraps at 2^64"),
    Quantity(name="receive_rate", unit="By/s", low=0, high=1.25e10,
             meaning="growth of received_bytes; none over a restart of the device"),
    Quantity(name="send_rate", unit="By/s", low=0, high=1.25e10,
             meaning="growth of sent_bytes; none over a restart of the device"),
    Quantity(name="internet_ok", unit="1", low=0, high=1,
             meaning="1 if a guest of the public network gets the page that is asked for"),
    Quantity(name="captive_portal", unit="1", low=0, high=1,
             meaning="1 if a login page answers instead"),
    Quantity(name="intercepted", unit="1", low=0, high=1,
             meaning="1 if somebody else answers, and with no login page"),
    Quantity(name="dns_ok", unit="1", low=0, high=1,
             meaning="1 if a resolver of the public network finds the name that is asked for"),
    Quantity(name="dns_time", unit="ms", low=0, high=60_000,
             meaning="from that question to its answer"),
    Quantity(name="connected_clients", unit="1", low=0, high=2_000,
             feeds="AccessPoint.clientsConnected", meaning="associated clients, a count only"),
)  # fmt: skip

QUANTITIES: dict[str, Quantity] = {quantity.name: quantity for quantity in _ALL}


def is_plausible(name: str, value: float) -> bool:
    """Whether `value` lies in the quantity's range; an unlisted quantity has none."""
    quantity = QUANTITIES.get(name)
    return quantity is None or quantity.plausible(value)
