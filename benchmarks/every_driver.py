"""Settings in which each driver that the agent has is named at least once."""

from pathlib import Path
from typing import Any, get_args

from contract.lorawan_devices import LorawanSensor
from contract.network_devices import NetworkDevice
from contract.pin_devices import PinDevice
from contract.serial_devices import SerialDevice
from contract.settings import AgentSettings

MAPS = Path(__file__).parents[1] / "configs" / "modbus"
OTHERS: dict[str, list[dict[str, Any]]] = {
    "serial": [
        {"name": "others", "port": "/dev/nadi-none-1", "device": [
            {"driver": "pzem004t", "asset": "X-PZEM", "address": 1},
            {"driver": "modbus_map", "asset": "X-MAP", "kind": "cabinet", "address": 2,
             "map": str(MAPS / "eastron-sdm630.toml"), "feeder": {"lamps": 20, "lamp_w": 90}},
        ]},
        {"name": "a02", "port": "/dev/nadi-none-2", "device": [
            {"driver": "a02yyuw", "asset": "X-A02"}]},
        {"name": "maxbotix", "port": "/dev/nadi-none-3", "device": [
            {"driver": "maxbotix", "asset": "X-MAX"}]},
    ],
    "network": [
        {"name": "tcp", "device": [
            {"driver": "modbus_map", "asset": "X-TCP", "kind": "cabinet", "host": "127.0.0.1",
             "port": 1, "map": str(MAPS / "intesis-dali.toml")},
            {"driver": "rtsp_camera", "asset": "X-CAM", "host": "127.0.0.1", "port": 1,
             "onvif": {"port": 1}, "poe": {"host": "127.0.0.1", "port": 1, "index": "1.1"}},
            {"driver": "snmp_access_point", "asset": "X-AP", "host": "127.0.0.1", "port": 1,
             "user": "nadi", "auth_password": "kata-sandi"},
            {"driver": "routeros_access_point", "asset": "X-ROS", "host": "127.0.0.1", "port": 1,
             "user": "nadi", "password": "kata-sandi", "certificate_sha256": "00" * 32},
            {"driver": "hotspot", "asset": "X-HOT", "hotspot": {
                "source": "127.0.0.1", "resolvers": ["127.0.0.1"], "dns_port": 1,
                "page": "http://cek.contoh:1/204"}},
        ]},
    ],
    "lorawan": [
        {"name": "lora", "application": "1", "port": 1, "device": [
            {"driver": "em310_udl", "asset": "X-EM3", "dev_eui": "24e124713b123401"},
            {"driver": "em400", "asset": "X-EM4", "dev_eui": "24e124713b123402"},
            {"driver": "dragino_ldds", "asset": "X-DRA", "dev_eui": "a84041ffff000001"},
        ]},
    ],
    "pins": [
        {"name": "pins", "device": [
            {"driver": "pillar", "asset": "X-PIL", "door_open": {"pin": 22}},
            {"driver": "echo", "asset": "X-ECH", "echo_pin": 24, "trigger_pin": 25},
        ]},
    ],
}  # fmt: skip


def with_every_driver(settings: AgentSettings) -> AgentSettings:
    """These settings, with lines for one more device of every driver; none of them answers."""
    document = settings.model_dump(mode="json", exclude_none=True)
    for kind, lines in OTHERS.items():
        document[kind] = [*document.get(kind, []), *lines]
    document["site"] = {"latitude": -5.47, "longitude": 122.63}
    return AgentSettings.model_validate(document)


def known_drivers() -> set[str]:
    """Every driver that a setting can name, by the models of the contract."""
    unions = (SerialDevice, NetworkDevice, LorawanSensor, PinDevice)
    models = [model for union in unions for model in get_args(get_args(union)[0])]
    return {model.model_fields["driver"].default for model in models}
