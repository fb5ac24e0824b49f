"""Field devices that answer byte for byte, with faults, over a small simulated city.

From the shell: `nadi-sim run DISTRICT.toml --dir DIR` (see `nadi-sim --help`). In a program, any
number of devices stand on the running event loop while a block runs:

    settings = DistrictSettings(
        lines=(
            LineSettings(
                name="pju",
                port="bb-0001/rs485",
                devices=(LampMeterSettings(asset="PJU-0001", address=1),),
            ),
        ),
    )
    record = AnswerList()
    async with District(settings, directory=tmp_path, record=record) as district:
        open_serial(district.places.lines["pju"])
        district.fault("PJU-0001", "lamp_failed")
        district.mend("PJU-0001", "lamp_failed")

`read_district(path)` reads the same settings from a TOML file. `clock` and `record` are
parameters of `District`: `SystemClock` and `NoRecord` by default, `ManualClock`, `AnswerList` and
`FileRecord` where wanted.
"""

from firmware_sim.answers import Answer, AnswerList, FileRecord, NoRecord, Record
from firmware_sim.camera.settings import CameraSettings
from firmware_sim.clock import Clock, ManualClock, SystemClock
from firmware_sim.district import District, Places
from firmware_sim.district_file import parse_district, read_district
from firmware_sim.errors import ControlError, PortError, SettingsError, SimError
from firmware_sim.key import FaultSettings
from firmware_sim.modbus.settings import LampMeterSettings
from firmware_sim.serial.settings import BinSensorSettings, LineSettings
from firmware_sim.settings import DistrictSettings
from firmware_sim.wifi.settings import AccessPointSettings, HotspotSettings, RouterosSettings

__all__ = [
    "AccessPointSettings",
    "Answer",
    "AnswerList",
    "BinSensorSettings",
    "CameraSettings",
    "Clock",
    "ControlError",
    "District",
    "DistrictSettings",
    "FaultSettings",
    "FileRecord",
    "HotspotSettings",
    "LampMeterSettings",
    "LineSettings",
    "ManualClock",
    "NoRecord",
    "Places",
    "PortError",
    "Record",
    "RouterosSettings",
    "SettingsError",
    "SimError",
    "SystemClock",
    "parse_district",
    "read_district",
]
