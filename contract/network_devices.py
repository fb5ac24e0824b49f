"""Devices reached over the network, as the settings describe them."""

from typing import Annotated, Literal, Self

from pydantic import Field, StringConstraints, model_validator

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


Oid = Annotated[str, StringConstraints(pattern=r"^$|^1(\.[0-9]{1,10}){2,60}$")]
SnmpPassword = Annotated[str, StringConstraints(pattern=r"^$|^.{8,255}$"), Field(repr=False)]


class SnmpAccessPoint(Device):
    """A Wi-Fi access point that answers SNMP v2c, or v3 if it has a `user`.

    `profile` says where its MIB counts clients; `clients_table` is another such column, and
    `clients_oid` one object that counts them all. Of a controller's table `rows` names the rows
    of one access point, by the beginning of their index. `interface` is the uplink's ifIndex.
    """

    driver: Literal["snmp_access_point"] = "snmp_access_point"
    kind: AssetKind = Kind.ACCESS_POINT
    host: str
    port: NetworkPort = 161
    profile: Literal["generic", "mikrotik", "unifi", "aruba_instant", "ruckus"] = "generic"
    community: Annotated[str, Field(repr=False)] = "public"
    user: Annotated[str, StringConstraints(max_length=32)] = ""
    auth_protocol: Literal["md5", "sha1", "sha224", "sha256", "sha384", "sha512"] = "sha1"
    auth_password: SnmpPassword = ""
    priv_protocol: Literal["aes128"] = "aes128"
    priv_password: SnmpPassword = ""
    interface: Annotated[int, Field(ge=1, le=2**31 - 1)] = 1
    clients_oid: Oid = ""
    clients_table: Oid = ""
    rows: Annotated[str, StringConstraints(pattern=r"^$|^[0-9]{1,10}(\.[0-9]{1,10}){0,40}$")] = ""
    timeout_ms: Annotated[int, Field(ge=100, le=20_000)] = 2_000

    @model_validator(mode="after")
    def _passwords_fit_the_user(self) -> Self:
        if self.user and not self.auth_password:
            raise ValueError("user needs an auth_password of 8 characters or more")
        if not self.user and (self.auth_password or self.priv_password):
            raise ValueError("auth_password and priv_password need a user")
        return self


NetworkDevice = Annotated[
    RtspCamera | SnmpAccessPoint | ModbusTcpMap, Field(discriminator="driver")
]
