"""Access points as a district file describes them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import ClassVar, Literal, get_args

from firmware_sim.errors import SettingsError
from firmware_sim.key import SocketSettings, key

ProfileName = Literal["generic", "mikrotik", "unifi", "aruba_instant", "ruckus"]
AuthName = Literal["md5", "sha1", "sha256"]
MenuName = Literal["wifi", "wireless", "caps-man"]
PROFILE_ROWS = {"aruba_instant": "2.0.0.0.0.1", "ruckus": "6.2.0.0.0.0.1"}


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessPointSettings(SocketSettings):
    """An access point's SNMP agent, v2c or for a user v3: clients, octets and uptime over UDP."""

    DEVICE: ClassVar[str] = "snmp_access_point"
    FAULTS: ClassVar[dict[str, str]] = SocketSettings.FAULTS | {
        "uplink_down": "its uplink's interface is down",
        "no_table": "its table of clients is empty, whoever is there",
        "backwards": "its counters of octets run backwards",
    }

    community: str = field(default="public", metadata=key("the only community it answers"))
    profile: ProfileName = field(
        default="mikrotik",
        metadata=key("whose MIB counts its clients", None, None, get_args(ProfileName)),
    )
    interface: int = field(default=1, metadata=key("ifIndex of its uplink", 1, 2_147_483_647))
    radio: int = field(default=2, metadata=key("index of its first radio", 1, 2_147_483_647))
    radios: int = field(default=1, metadata=key("how many share its clients", 1, 16))
    user: str = field(default="", metadata=key("of SNMP v3; v2c is then not answered"))
    auth: AuthName = field(
        default="sha1", metadata=key("how it signs", None, None, get_args(AuthName))
    )
    auth_password: str = field(default="", metadata=key("of the user, 8 characters or more"))
    priv_password: str = field(default="", metadata=key("AES-128, if the user has one"))

    def __post_init__(self) -> None:
        SocketSettings.__post_init__(self)
        if self.user and len(self.auth_password) < 8:
            raise SettingsError(
                f"{self.asset}: the user {self.user} has no auth_password of 8 characters",
                hint='write auth_password = "kata-sandi"',
            )

    def agent_devices(self) -> Iterable[Mapping[str, object]]:
        """By the driver made for it; one access point of a controller is named by its row."""
        given = {"driver": self.DEVICE, "asset": self.asset, "profile": self.profile}
        rows = {"rows": PROFILE_ROWS[self.profile]} if self.profile in PROFILE_ROWS else {}
        passwords = {"auth_password": self.auth_password, "priv_password": self.priv_password}
        who: dict[str, object] = {"community": self.community}
        if self.user:
            who = {"user": self.user, "auth_protocol": self.auth, **passwords}
        yield {**given, **rows, **who, "interface": self.interface}


@dataclass(frozen=True, slots=True, kw_only=True)
class RouterosSettings(SocketSettings):
    """A MikroTik access point's REST service over TLS, with a certificate made at its start."""

    DEVICE: ClassVar[str] = "routeros_access_point"
    FAULTS: ClassVar[dict[str, str]] = SocketSettings.FAULTS | {
        "uplink_down": "its uplink's interface is down",
        "login_refused": "it refuses every user and password",
        "no_menu": "it has none of the three menus of clients",
        "as_lists": "it gives one object as a list of one, as some versions do",
    }

    user: str = field(default="nadi", metadata=key("user name"))
    password: str = field(default="rahasia", metadata=key("password"))
    interface: str = field(default="ether1", metadata=key("name of its uplink"))
    menu: MenuName = field(
        default="wifi", metadata=key("where it lists clients", None, None, get_args(MenuName))
    )

    def agent_devices(self) -> Iterable[Mapping[str, object]]:
        """By the driver made for it; its certificate is known when it is made."""
        yield {
            "driver": self.DEVICE,
            "asset": self.asset,
            "user": self.user,
            "password": self.password,
            "interface": self.interface,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class HotspotSettings(SocketSettings):
    """The guests' side of a public Wi-Fi: its name server, and the page behind it."""

    DEVICE: ClassVar[str] = "hotspot"
    FAULTS: ClassVar[dict[str, str]] = SocketSettings.FAULTS | {
        "dns_fail": "its name server answers SERVFAIL",
        "no_route": "no page answers",
        "portal": "a login page answers instead",
        "intercepted": "somebody answers who is no web server",
        "slow": "a page takes slow_ms",
    }

    dns_port: int = field(default=0, metadata=key("UDP port, 0 = any free one", 0, 65_535))
    name: str = field(default="cek.contoh", metadata=key("the only name it knows"))
    slow_ms: int = field(default=2_000, metadata=key("how long a slow page takes", 1, 60_000))

    def agent_devices(self) -> Iterable[Mapping[str, object]]:
        """The probe alone; where it looks is a table of its own."""
        yield {"driver": self.DEVICE, "asset": self.asset}
