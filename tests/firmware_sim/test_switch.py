from pathlib import Path

import pytest

from agent.drivers.poe_port import PoePort
from agent.errors import DeviceSilent, Unpowered
from contract.network_devices import Poe
from firmware_sim import CameraSettings, District, DistrictSettings, SettingsError
from firmware_sim.switch.settings import SwitchPortSettings, SwitchSettings
from tests.agent.drivers.placing import network_place

DISTRICT = DistrictSettings(
    cameras=(CameraSettings(asset="CAM-1"), CameraSettings(asset="CAM-2")),
    switches=(
        SwitchSettings(
            asset="SW-1",
            ports=(
                SwitchPortSettings(index="1.5", feeds="CAM-1"),
                SwitchPortSettings(index="1.6", feeds="CAM-2"),
            ),
        ),
    ),
)


def port_of(district: District, index: str, *, mikrotik: bool = False) -> PoePort:
    host, port = district.places.switches["SW-1"].split(":")
    settings = Poe(
        host=host, port=int(port), index=index, timeout_ms=300,
        object="mtxrPOEStatus" if mikrotik else "pethPsePortDetectionStatus",
    )  # fmt: skip
    place = network_place()
    return PoePort(settings, place)


@pytest.mark.parametrize(("index", "mikrotik"), [("1.5", False), ("5", True)])
async def test_a_camera_without_power_is_seen_at_its_port_alone(
    tmp_path: Path, index: str, mikrotik: bool
) -> None:
    async with District(DISTRICT, directory=tmp_path) as district:
        await port_of(district, index, mikrotik=mikrotik).require()
        district.fault("CAM-1", "unpowered")
        with pytest.raises(Unpowered, match=r"searching|waiting"):
            await port_of(district, index, mikrotik=mikrotik).require()
        await port_of(district, "1.6").require()


async def test_a_dead_switch_says_nothing(tmp_path: Path) -> None:
    async with District(DISTRICT, directory=tmp_path) as district:
        district.fault("SW-1", "dead")
        with pytest.raises(DeviceSilent):
            await port_of(district, "1.5").require()


def test_a_port_that_feeds_a_stranger_is_refused() -> None:
    with pytest.raises(SettingsError, match="'CAM-9' is nothing that a switch powers"):
        DistrictSettings(
            switches=(
                SwitchSettings(
                    asset="SW-1", ports=(SwitchPortSettings(index="1.1", feeds="CAM-9"),)
                ),
            )
        )
