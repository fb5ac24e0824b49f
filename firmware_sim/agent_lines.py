"""The lines of an agent's settings that read what is played, as TOML to paste."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path

from firmware_sim.district import Places
from firmware_sim.key import DeviceSettings
from firmware_sim.settings import DistrictSettings
from firmware_sim.switch.settings import SwitchSettings
from firmware_sim.wifi.settings import HotspotSettings

Table = Mapping[str, object]
MAPS_IN_THE_REPOSITORY = Path("configs/modbus")
MAPS_ON_A_GATEWAY = Path("/etc/nadi/modbus")


def agent_lines(settings: DistrictSettings, places: Places) -> str:
    """Every line of the district with its devices."""
    return "\n".join(_blocks(settings, places))


def _blocks(settings: DistrictSettings, places: Places) -> Iterator[str]:
    for line in settings.lines:
        port = {"name": _name(line.name), "port": places.lines[line.name], "baud": line.baud}
        yield from _section("serial", port, line.devices, {})
    yield from _network(settings, places)
    for pins in settings.pins:
        given: Table = {"factory": "simulated", "simulator": places.pins[pins.name]}
        yield from _section("pins", {"name": _name(pins.name), **given}, pins.devices, {})
    for stack in settings.lorawan:
        broker = {"application": stack.application, "host": stack.host, "port": stack.port}
        login = {"user": stack.user, "password": stack.password} if stack.user else {}
        given = {"name": _name(stack.name)} | broker | login
        yield from _section("lorawan", given, stack.devices, {})


def _network(settings: DistrictSettings, places: Places) -> Iterator[str]:
    """All that has an address, on one line; a camera knows the switch's port that powers it."""
    tables: list[str] = []
    for section in settings.modbus_tcp:
        where = _host_and_port(places.modbus_tcp[section.name])
        for unit in section.devices:
            tables += _device_tables("network", unit, where)
    for device, place in _sockets(settings, places):
        tables += _device_tables("network", device, _host_and_port(place))
        tables += _poe(device.asset, settings, places)
    for router in settings.routers:
        shown = places.routers[router.asset]
        pin = {"certificate_sha256": shown["certificate_sha256"]}
        tables += _device_tables("network", router, _host_and_port(shown["rest"]) | pin)
    for hotspot in settings.hotspots:
        tables += _device_tables("network", hotspot, {})
        tables.append(_hotspot(hotspot, places))
    if tables:
        yield "\n".join([_table("[[network]]", {"name": "lan"}), *tables])


def _sockets(settings: DistrictSettings, places: Places) -> Iterator[tuple[DeviceSettings, str]]:
    for camera in settings.cameras:
        yield camera, places.cameras[camera.asset]
    for point in settings.access_points:
        yield point, places.access_points[point.asset]
    for switch in settings.switches:
        yield switch, places.switches[switch.asset]


def _hotspot(hotspot: HotspotSettings, places: Places) -> str:
    dns, page = (places.hotspots[hotspot.asset][name] for name in ("dns", "page"))
    given = {
        "source": hotspot.host,
        "resolvers": [hotspot.host],
        "dns_port": _host_and_port(dns)["port"],
        "page": f"http://{hotspot.name}:{_host_and_port(page)['port']}/generate_204",
    }
    return _table("[network.device.hotspot]", given)


def _poe(asset: str, settings: DistrictSettings, places: Places) -> Iterator[str]:
    for switch in settings.switches:
        for port in switch.ports:
            if port.feeds == asset and asset in places.cameras:
                yield _table("[network.device.poe]", _poe_table(switch, port.index, places))


def _poe_table(switch: SwitchSettings, index: str, places: Places) -> Table:
    where = _host_and_port(places.switches[switch.asset])
    return where | {"community": switch.community, "index": index}


def _section(
    name: str, given: Table, devices: tuple[DeviceSettings, ...], where: Table
) -> Iterator[str]:
    tables = [text for one in devices for text in _device_tables(name, one, where)]
    if tables:
        yield "\n".join([_table(f"[[{name}]]", given), *tables])


def _device_tables(section: str, device: DeviceSettings, where: Table) -> Iterator[str]:
    for given in device.agent_devices():
        found = {"map": str(_maps() / str(given["map"]))} if "map" in given else {}
        yield _table(f"[[{section}.device]]", {**given, **found, **where})


def _maps() -> Path:
    here = MAPS_IN_THE_REPOSITORY
    return here.absolute() if here.is_dir() else MAPS_ON_A_GATEWAY


def _host_and_port(place: str) -> dict[str, object]:
    host, _, port = place.rpartition(":")
    return {"host": host.strip("[]"), "port": int(port)}


def _name(name: str) -> str:
    return name.replace("/", "-")[:32]


def _table(head: str, keys: Table) -> str:
    rows = [f"{key} = {_value(value)}" for key, value in keys.items()]
    return "\n".join([head, *rows, ""])


def _value(value: object) -> str:
    if isinstance(value, Mapping):
        return "{ " + ", ".join(f"{key} = {_value(one)}" for key, one in value.items()) + " }"
    return json.dumps(value, ensure_ascii=False)
