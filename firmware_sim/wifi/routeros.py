"""A MikroTik access point answers RouterOS's REST over TLS; all its values are texts."""

import asyncio
import base64
import hashlib
import json
import ssl
import tempfile
from collections.abc import Callable, Container, Mapping
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from firmware_sim.answers import Answer, Reply
from firmware_sim.ground import Ground
from firmware_sim.wifi.settings import RouterosSettings
from firmware_sim.wifi.web import MAX_REQUEST, Asked, page, web_server
from firmware_sim.world.wifi import Hotspot, WifiState

MENUS = {
    "wifi": "/rest/interface/wifi/registration-table",
    "wireless": "/rest/interface/wireless/registration-table",
    "caps-man": "/rest/caps-man/registration-table",
}
VALID = timedelta(days=1)


async def open_routeros(settings: RouterosSettings, ground: Ground) -> dict[str, str]:
    """It listens at the host:port of `rest`, with the certificate of that SHA-256.

    The certificate is in DIR/ASSET.pem as well.
    """
    faults = ground.faults[settings.asset]
    hotspot = Hotspot(
        start_s=ground.start_s, seed=ground.seed(settings.asset, "wifi"), faults=faults
    )
    router = Router(settings, wifi=hotspot.at, faults=faults)
    voice = ground.voice(settings)

    async def answering(asked: Asked) -> bytes:
        asked_at_ms = ground.clock.boot_ms()
        if voice.silent:
            return b""
        reply = router.respond(asked, asked_at_ms / 1000)
        utterance = voice.utter(reply.frame)
        if utterance.delay_s:
            await ground.clock.sleep(utterance.delay_s)
        ground.record.note(
            Answer(
                device=settings.DEVICE,
                asset=settings.asset,
                asked_at_ms=asked_at_ms,
                given_at_ms=ground.clock.boot_ms(),
                values=reply.values,
                fault=utterance.fault,
            )
        )
        return utterance.frame

    now = datetime.fromtimestamp(ground.clock.unix_s(), UTC)
    tls, fingerprint = await asyncio.to_thread(_tls, settings, ground.directory, now)
    where = await ground.open_server(
        web_server(answering),
        settings.asset,
        host=settings.host,
        port=settings.port,
        limit=MAX_REQUEST,
        tls=tls,
    )
    return {"rest": where, "certificate_sha256": fingerprint}


class Router:
    """What it says to one request."""

    def __init__(
        self,
        settings: RouterosSettings,
        *,
        wifi: Callable[[float], WifiState],
        faults: Container[str],
    ) -> None:
        self._settings = settings
        self._wifi = wifi
        self._faults = faults
        plain = f"{settings.user}:{settings.password}".encode()
        self._login = f"Basic {base64.b64encode(plain).decode()}"

    def respond(self, asked: Asked, now_s: float) -> Reply:
        """A page and the values in it."""
        given = asked.headers.get("authorization", "")
        if given != self._login or "login_refused" in self._faults:
            return _refusal("401 Unauthorized", given=given != "")
        state = self._wifi(now_s)
        if asked.path == "/rest/system/resource":
            uptime_s = int(state.uptime_s)
            found = {"board-name": "cAP ac", "cpu-load": "1", "uptime": uptime(uptime_s)}
            return self._object(found, {"uptime_s": uptime_s})
        if asked.path == f"/rest/interface/{self._settings.interface}":
            return self._interface(state)
        if asked.path == MENUS[self._settings.menu] and "no_menu" not in self._faults:
            rows = [{".id": f"*{at + 1}", "interface": "wifi1"} for at in range(state.clients)]
            return _reply(rows, {"clients": state.clients})
        return _refusal("404 Not Found", given=True)

    def _interface(self, state: WifiState) -> Reply:
        found = {
            "name": self._settings.interface,
            "running": "true" if state.up else "false",
            "rx-byte": str(state.in_octets),
            "tx-byte": str(state.out_octets),
        }
        values = {"in_octets": state.in_octets, "out_octets": state.out_octets}
        return self._object(found, values)

    def _object(self, found: dict[str, str], values: Mapping[str, float]) -> Reply:
        return _reply([found] if "as_lists" in self._faults else found, values)


def uptime(seconds: int) -> str:
    """As RouterOS writes it: 2d20h12m20s."""
    parts = []
    for unit, length in (("w", 604_800), ("d", 86_400), ("h", 3_600), ("m", 60)):
        count, seconds = divmod(seconds, length)
        parts += [f"{count}{unit}"] if count else []
    return "".join([*parts, f"{seconds}s"])


def _reply(found: object, values: Mapping[str, float]) -> Reply:
    body = json.dumps(found).encode()
    frame = page("200 OK", body, headers="Content-Type: application/json\r\n")
    return Reply(frame=frame, values=values)


def _refusal(status: str, *, given: bool) -> Reply:
    body = json.dumps({"error": int(status[:3]), "message": status[4:]}).encode()
    return Reply(frame=page(status, body), values={"status": int(status[:3]), "login": given})


def _tls(settings: RouterosSettings, directory: Path, now: datetime) -> tuple[ssl.SSLContext, str]:
    """A throw-away certificate of its own; its key leaves the disk before this returns."""
    certificate, key = _certificate(settings, now)
    directory.mkdir(parents=True, exist_ok=True)
    (directory / f"{settings.asset}.pem").write_bytes(certificate)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    with tempfile.NamedTemporaryFile() as both:
        both.write(certificate + key)
        both.flush()
        context.load_cert_chain(both.name)
    der = ssl.PEM_cert_to_DER_cert(certificate.decode())
    return context, hashlib.sha256(der).hexdigest()


def _certificate(settings: RouterosSettings, now: datetime) -> tuple[bytes, bytes]:
    from cryptography import x509  # noqa: PLC0415 only this device needs it
    from cryptography.hazmat.primitives import hashes, serialization  # noqa: PLC0415
    from cryptography.hazmat.primitives.asymmetric import ec  # noqa: PLC0415
    from cryptography.x509.oid import NameOID  # noqa: PLC0415

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, settings.asset)])
    signed = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - VALID)
        .not_valid_after(now + 365 * VALID)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ip_address(settings.host))]), critical=False
        )
        .sign(key, hashes.SHA256())
    )
    return (
        signed.public_bytes(serialization.Encoding.PEM),
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        ),
    )
