"""Devices reached over the network, as the settings describe them."""

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from contract.devices import AssetKind, Device, NetworkPort, WholePath
from contract.document import Section
from contract.identity import Kind


class ModbusTcpMap(Device):
    """Any Modbus TCP device by a register map; `base` is added to each of the map's addresses."""

    driver: Literal["modbus_map"] = "modbus_map"
    kind: AssetKind
    map: WholePath
    host: str
    port: NetworkPort = 502
    address: Annotated[int, Field(ge=0, le=255)] = 1
    base: Annotated[int, Field(ge=0, le=0xFFFF)] = 0
    timeout_ms: Annotated[int, Field(ge=50, le=60_000)] = 2_000


class Poe(Section):
    """The switch's port that powers a device; `index` is group.port, or MikroTik's ifIndex."""

    host: str
    port: NetworkPort = 161
    community: Annotated[str, Field(repr=False)] = "public"
    object: Literal["pethPsePortDetectionStatus", "mtxrPOEStatus"] = "pethPsePortDetectionStatus"
    index: Annotated[str, StringConstraints(pattern=r"^[0-9]{1,10}(\.[0-9]{1,10})?$")]
    timeout_ms: Annotated[int, Field(ge=100, le=10_000)] = 1_500


class Onvif(Section):
    """A camera's ONVIF device service, asked for its clock without a login."""

    port: NetworkPort = 80
    path: Annotated[str, StringConstraints(pattern=r"^/[\x21-\x7e]*$")] = "/onvif/device_service"
    interval_s: Annotated[float, Field(ge=10, le=86_400)] = 600
    timeout_ms: Annotated[int, Field(ge=100, le=10_000)] = 2_000


class RtspCamera(Device):
    """A camera that answers RTSP; no video is ever pulled."""

    driver: Literal["rtsp_camera"] = "rtsp_camera"
    kind: AssetKind = Kind.CAMERA
    host: str
    port: NetworkPort = 554
    path: Annotated[str, StringConstraints(pattern=r"^/[\x21-\x7e]*$")] = "/"
    user: str = ""
    password: Annotated[str, Field(repr=False)] = ""
    timeout_ms: Annotated[int, Field(ge=100, le=60_000)] = 3_000
    poe: Poe | None = None
    onvif: Onvif | None = None


class SnmpAccessPoint(Device):
    """A Wi-Fi access point that answers SNMP v2c."""

    driver: Literal["snmp_access_point"] = "snmp_access_point"
    kind: AssetKind = Kind.ACCESS_POINT
    host: str
    port: NetworkPort = 161
    community: Annotated[str, Field(repr=False)] = "public"
    interface: Annotated[int, Field(ge=1, le=2**31 - 1)] = 1
    clients_oid: Annotated[str, StringConstraints(pattern=r"^$|^1(\.[0-9]{1,10}){2,60}$")] = ""
    timeout_ms: Annotated[int, Field(ge=100, le=60_000)] = 2_000


NetworkDevice = Annotated[
    RtspCamera | SnmpAccessPoint | ModbusTcpMap, Field(discriminator="driver")
]
