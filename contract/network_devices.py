"""Devices reached over the network, as the settings describe them."""

from typing import Annotated, Literal, Self
from urllib.parse import urlsplit

from pydantic import BeforeValidator, Field, StringConstraints, model_validator

from contract.devices import AssetKind, Device, NetworkPort, WholePath
from contract.document import Section
from contract.identity import Kind
from contract.wording import _


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

    @property
    def controller(self) -> str:
        """A gateway to DALI or to an RS-485 line answers for all that is behind it."""
        return f"{self.host}:{self.port}"


class Poe(Section):
    """The switch's port that powers a device; `index` is group.port, or MikroTik's ifIndex."""

    host: str
    port: NetworkPort = 161
    community: Annotated[str, Field(repr=False)] = "public"
    object: Literal["pethPsePortDetectionStatus", "mtxrPOEStatus"] = "pethPsePortDetectionStatus"
    index: Annotated[str, StringConstraints(pattern=r"^[0-9]{1,10}(\.[0-9]{1,10})?$")]
    timeout_ms: Annotated[int, Field(ge=100, le=10_000)] = 1_500


UrlPath = Annotated[str, StringConstraints(pattern=r"^/[\x21-\x7e]*$")]


class CameraWeb(Section):
    """A camera's web service; HTTPS if its certificate's SHA-256 is given, and that one alone."""

    port: NetworkPort = 80
    certificate_sha256: Annotated[str, StringConstraints(pattern=r"^([0-9a-f]{64})?$")] = ""
    interval_s: Annotated[float, Field(ge=10, le=86_400)] = 900
    timeout_ms: Annotated[int, Field(ge=100, le=30_000)] = 5_000


class Onvif(CameraWeb):
    """A camera's ONVIF service: its clock without a login, and what it is for `nadi-agent read`.

    `user` and `password` are the camera's own ones unless given here.
    """

    path: UrlPath = "/onvif/device_service"
    user: str = ""
    password: Annotated[str, Field(repr=False)] = ""
    interval_s: Annotated[float, Field(ge=10, le=86_400)] = 600
    timeout_ms: Annotated[int, Field(ge=100, le=30_000)] = 2_000


class Picture(CameraWeb):
    """Where a camera gives a JPEG still, judged in memory and never kept; needs Pillow."""

    path: UrlPath


Words = Annotated[
    list[Annotated[str, StringConstraints(min_length=1, max_length=64)]], Field(max_length=32)
]


class Storage(CameraWeb):
    """Where a camera tells the state of its storage in XML; cameras differ, so nothing is assumed.

    `element` is the local name of the elements that hold a word; the others say what words mean.
    """

    path: UrlPath
    element: Annotated[str, StringConstraints(pattern=r"^[A-Za-z_][A-Za-z0-9_.-]{0,63}$")]
    ok: Annotated[Words, Field(min_length=1)]
    full: Words = []
    error: Words = []
    absent: Words = []

    @model_validator(mode="after")
    def _a_word_means_one_thing(self) -> Self:
        words = [word.casefold() for word in (*self.ok, *self.full, *self.error, *self.absent)]
        for word in words:
            if words.count(word) > 1:
                raise ValueError(
                    _("{word!r} means two things in ok, full, error and absent").format(word=word)
                )
        return self


class RtspCamera(Device):
    """A camera that answers RTSP; no video is ever pulled."""

    driver: Literal["rtsp_camera"] = "rtsp_camera"
    kind: AssetKind = Kind.CAMERA
    host: str
    port: NetworkPort = 554
    path: UrlPath = "/"
    user: str = ""
    password: Annotated[str, Field(repr=False)] = ""
    timeout_ms: Annotated[int, Field(ge=100, le=60_000)] = 3_000
    poe: Poe | None = None
    onvif: Onvif | None = None
    picture: Picture | None = None
    storage: Storage | None = None


IPv4 = Annotated[str, StringConstraints(pattern=r"^([0-9]{1,3}\.){3}[0-9]{1,3}$")]


PlainPage = Annotated[
    str, StringConstraints(pattern=r"^http://[A-Za-z0-9.-]+(:[0-9]{1,5})?/[\x21-\x7e]*$")
]


def _plain_hex(text: object) -> object:
    """As openssl and browsers print it, with colons and in capitals."""
    return text.replace(":", "").lower() if isinstance(text, str) else text


class Hotspot(Section):
    """What a guest of the public Wi-Fi meets, seen from the gateway's own address `source` on it.

    A source chooses the way only where the system routes by it; `nadi-agent check` says whether
    the address is here. `page` answers 204, or with `page_says` a 200 that has these words.
    `name` is looked up instead of the page's host.
    """

    source: IPv4
    resolvers: Annotated[list[IPv4], Field(min_length=1, max_length=3)]
    dns_port: NetworkPort = 53
    name: Annotated[str, StringConstraints(pattern=r"^$|^[A-Za-z0-9_.-]{1,253}$")] = ""
    page: Annotated[
        str, StringConstraints(pattern=r"^http://[A-Za-z0-9.-]+(:[0-9]+)?/[\x21-\x7e]*$")
    ] = "http://connectivitycheck.gstatic.com/generate_204"
    page_says: Annotated[str, StringConstraints(max_length=200)] = ""
    interval_s: Annotated[float, Field(ge=10, le=86_400)] = 60
    timeout_ms: Annotated[int, Field(ge=100, le=5_000)] = 3_000

    @model_validator(mode="after")
    def _there_is_a_name(self) -> Self:
        host = urlsplit(self.page).hostname or ""
        if not self.name and host.replace(".", "").isdigit():
            raise ValueError(_("name is needed where page has an address instead of a name"))
        return self


class HotspotPoint(Device):
    """The hotspot of an access point that cannot be asked itself."""

    driver: Literal["hotspot"] = "hotspot"
    kind: AssetKind = Kind.ACCESS_POINT
    hotspot: Hotspot


class RouterosAccessPoint(Device):
    """A MikroTik access point that answers RouterOS's REST over TLS (`www-ssl`, from 7.1).

    Either `ca_file` signed its certificate, or `certificate_sha256` is the one it has. `user` is
    of a group with policy=read,api,rest-api. `interface` is the uplink's name, like ether1.
    """

    driver: Literal["routeros_access_point"] = "routeros_access_point"
    kind: AssetKind = Kind.ACCESS_POINT
    host: str
    port: NetworkPort = 443
    user: Annotated[str, StringConstraints(pattern=r"^[^:]{1,64}$")]
    password: Annotated[str, Field(repr=False)]
    ca_file: str = ""
    certificate_sha256: Annotated[
        str, BeforeValidator(_plain_hex), StringConstraints(pattern=r"^$|^[0-9a-f]{64}$")
    ] = ""
    interface: Annotated[str, StringConstraints(max_length=64)] = ""
    timeout_ms: Annotated[int, Field(ge=100, le=10_000)] = 5_000
    hotspot: Hotspot | None = None

    @model_validator(mode="after")
    def _the_certificate_is_checked(self) -> Self:
        if bool(self.ca_file) == bool(self.certificate_sha256):
            raise ValueError(_("its certificate needs either ca_file or certificate_sha256"))
        return self


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
    hotspot: Hotspot | None = None

    @model_validator(mode="after")
    def _passwords_fit_the_user(self) -> Self:
        if self.user and not self.auth_password:
            raise ValueError(_("user needs an auth_password of 8 characters or more"))
        if not self.user and (self.auth_password or self.priv_password):
            raise ValueError(_("auth_password and priv_password need a user"))
        return self


NetworkDevice = Annotated[
    RtspCamera | SnmpAccessPoint | RouterosAccessPoint | HotspotPoint | ModbusTcpMap,
    Field(discriminator="driver"),
]
