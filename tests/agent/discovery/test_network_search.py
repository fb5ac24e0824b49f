"""Cameras and access points are found among hostile hosts, at a pace, with one login at most."""

import ipaddress
import re
import ssl
import tomllib
from datetime import UTC, datetime
from pathlib import Path

import pytest

from agent.clock import FakeClock, KernelClock
from agent.discovery.network_search import NetworkSearch, network_of, search_network
from agent.discovery.pace import Pace
from agent.discovery.proposing import Account
from agent.discovery.words import in_words
from contract.discovery import FoundHost, NetworkReport
from contract.errors import SettingsError
from scripts.district.certificates import Authority
from tests.agent.discovery import loopback
from tests.agent.discovery.loopback import Town, agent, camera, says, town

FRAMES = Path(__file__).parents[2] / "fixtures" / "frames"
ONVIF = tomllib.loads((FRAMES / "onvif.toml").read_text())["good"][0]["reply"].encode()
DIGEST = 'Digest realm="IP Camera(12345)", nonce="6fd5a1f1f0c04ac2"'
# RouterOS REST's documented shape of an error
REST = b"""HTTP/1.1 401 Unauthorized\r
Content-Type: application/json\r
Content-Length: 38\r
\r
{"error":401,"message":"Unauthorized"}"""
ACCOUNT = Account(user="nadi", password="rahasia")
HOSTILE = (
    loopback.hangs,
    loopback.resets,
    loopback.never_ends_a_line,
    loopback.redirects,
    says(b"\xff" * 100_000),
    says(b"SSH-2.0-OpenSSH_9.2\r\n\r\n"),
)


def web(body: bytes) -> bytes:
    return b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body)


async def search(
    town: Town,
    *,
    account: Account | None = None,
    network: str = "127.0.0.0/28",
    rtsp_ports: tuple[int, ...] = (),
) -> list[FoundHost]:
    ports, clock = town.ports, KernelClock(trusted=False)
    asked = NetworkSearch(
        network=ipaddress.ip_network(network),
        account=account or Account(),
        rtsp_ports=rtsp_ports or (ports.rtsp,),
        http_ports=(ports.http,),
        https_ports=(ports.https,),
        snmp_port=ports.snmp,
        pace_per_s=1_000,
        timeout_ms=700,
    )
    pace = Pace(asked.pace_per_s, clock=clock)
    harvest = await search_network(asked, pace=pace, progress=lambda *_: None)
    assert harvest.complete
    return harvest.found


class WroteSomething(AssertionError):
    """A host was sent what could change it, or more than one login."""


def only_asked(town: Town) -> None:
    """Raises WroteSomething unless each host was only asked, and given one login at most."""
    logins: dict[str, int] = {}
    for (host, _), noted in town.sent.items():
        for request in re.findall(rb"^([A-Z_]+) (\S+) (?:RTSP|HTTP)/1\.[01]\r$", noted, re.M):
            if request[0] not in (b"OPTIONS", b"DESCRIBE", b"GET", b"POST"):
                raise WroteSomething(request)
        posts = noted.count(b"POST ")
        reads = noted.count(b'<s:Body><GetSystemDateAndTime xmlns="http://www.onvif.org')
        if posts != reads:
            raise WroteSomething("a POST that is no question")
        logins[host] = logins.get(host, 0) + noted.lower().count(b"authorization:")
    for host, datagrams in town.datagrams.items():
        if any(_pdu(one) != 0xA0 for one in datagrams):
            raise WroteSomething("an SNMP message that is no GET")
        logins[host] = logins.get(host, 0) + len(datagrams)
    if max(logins.values(), default=0) > 1:
        raise WroteSomething("more than one login")


def _pdu(datagram: bytes) -> int:
    at = 2 if datagram[1] < 0x80 else 2 + (datagram[1] & 0x7F)
    return datagram[at + 3 + 2 + datagram[at + 4]]


async def a_town(town: Town, challenge: str = DIGEST) -> None:
    ports = town.ports
    await town.tcp("127.0.0.2", ports.rtsp, camera(challenge))
    await town.tcp("127.0.0.2", ports.http, says(web(ONVIF)))
    await town.udp("127.0.0.2", agent())
    await town.udp("127.0.0.4", agent())
    await town.udp("127.0.0.5", agent(object_id="2b0601040182b43101"))
    for number, serve in enumerate(HOSTILE, start=6):
        await town.tcp(f"127.0.0.{number}", ports.rtsp, serve)
        await town.tcp(f"127.0.0.{number}", ports.http, serve)
        await town.tcp(f"127.0.0.{number}", ports.https, serve)


async def test_cameras_and_access_points_are_found_among_hostile_hosts() -> None:
    async with town() as here:
        await a_town(here)
        found = {one.host: one for one in await search(here)}
        only_asked(here)
    seen = found["127.0.0.2"]
    assert (seen.driver, seen.port, seen.onvif_port) == (
        "rtsp_camera",
        here.ports.rtsp,
        here.ports.http,
    )
    point = found["127.0.0.4"]
    assert (point.driver, point.maker, point.profile, point.name) == (
        "snmp_access_point", "MikroTik", "mikrotik", "WIFI-0001",
    )  # fmt: skip
    other = found["127.0.0.5"]
    assert (other.driver, other.kind) == ("", None)
    assert "a maker not known here: RouterOS" in other.what
    assert all(not found[f"127.0.0.{number}"].driver for number in (6, 7, 8, 10, 11))
    assert "says nothing whole" in found["127.0.0.6"].what


async def test_a_routeros_without_snmp_is_named_by_how_its_rest_refuses(tmp_path: Path) -> None:
    own = Authority(tmp_path, now=datetime.now(UTC)).server("r")
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(own.cert_file, own.key_file)
    async with town() as here:
        await here.tcp("127.0.0.1", here.ports.https, says(REST), tls=tls)
        await here.tcp("127.0.0.2", here.ports.https, says(web(b"{}")), tls=tls)
        found = await search(here, account=ACCOUNT, network="127.0.0.0/30")
        only_asked(here)
    assert [(one.host, one.maker, one.driver) for one in found] == [
        ("127.0.0.1", "MikroTik", ""),
        ("127.0.0.2", "", ""),
    ]
    assert "turn its SNMP on" in found[0].what


async def test_no_host_is_asked_more_than_a_few_times() -> None:
    async with town() as here:
        await a_town(here)
        await search(here, account=ACCOUNT)
    assert max(here.connections.values()) <= 3
    assert max(len(datagrams) for datagrams in here.datagrams.values()) == 1


@pytest.mark.parametrize("accepts", [True, False])
async def test_an_account_is_given_to_a_camera_once_and_no_community_then(accepts: bool) -> None:
    async with town() as here:
        await here.tcp("127.0.0.2", here.ports.rtsp, camera(DIGEST, accepts=accepts))
        await here.udp("127.0.0.2", agent())
        found = await search(here, account=ACCOUNT)
        only_asked(here)
    assert [one.login for one in found] == ["accepted" if accepts else "refused"]
    assert here.datagrams["127.0.0.2"] == []
    noted = here.sent["127.0.0.2", here.ports.rtsp]
    assert noted.count(b"Authorization:") == 1
    assert b"rahasia" not in noted


async def test_two_streams_of_one_host_see_one_login() -> None:
    async with town() as here:
        both = (here.ports.rtsp, here.ports.https)
        for port in both:
            await here.tcp("127.0.0.2", port, camera(DIGEST, accepts=False))
        found = await search(here, account=ACCOUNT, network="127.0.0.2/32", rtsp_ports=both)
        only_asked(here)
    assert [one.login for one in found] == ["refused"]


@pytest.mark.parametrize(
    "challenge",
    ['Basic realm="x"', 'Digest realm="x", nonce="1", stale=true', "Negotiate", "", DIGEST],
)
async def test_no_challenge_draws_a_second_login_or_a_plain_password(challenge: str) -> None:
    async with town() as here:
        await here.tcp("127.0.0.2", here.ports.rtsp, camera(challenge, accepts=False))
        await search(here, account=ACCOUNT)
        only_asked(here)
        assert b"Basic" not in here.sent["127.0.0.2", here.ports.rtsp]


async def test_a_camera_that_hangs_at_the_login_is_given_no_other() -> None:
    async def serve(line: loopback.Line) -> None:
        for cseq in (1, 2):
            await line.question()
            login = f"WWW-Authenticate: {DIGEST}\r\n" if cseq == 2 else ""
            status = "401 Unauthorized" if cseq == 2 else "200 OK"
            line.writer.write(f"RTSP/1.0 {status}\r\nCSeq: {cseq}\r\n{login}\r\n".encode())
        await line.question()
        await line.reader.read()

    async with town() as here:
        await here.tcp("127.0.0.2", here.ports.rtsp, serve)
        await here.udp("127.0.0.2", agent())
        found = await search(here, account=ACCOUNT)
        only_asked(here)
    assert [(one.login, one.driver) for one in found] == [("unanswered", "rtsp_camera")]


@pytest.mark.parametrize(
    ("key", "sent"),
    [
        ("sent", b"SETUP rtsp://127.0.0.2/ RTSP/1.0\r\n\r\n"),
        ("sent", b"PUT /rest/system/identity HTTP/1.1\r\n\r\n"),
        ("sent", b"POST /onvif/device_service HTTP/1.1\r\n\r\n<s:Body><SystemReboot/>"),
        ("sent", b"Authorization: Digest x\r\nAuthorization: Digest y\r\n"),
        ("datagrams", bytes.fromhex("300d 020101 0406 7075626c6963 a300")),
        ("datagrams", bytes.fromhex("300d 020101 0406 7075626c6963 a000") * 2),
    ],
)
async def test_control_what_writes_or_tries_twice_is_found_out(key: str, sent: bytes) -> None:
    async with town() as here:
        await a_town(here)
        await search(here, network="127.0.0.0/30")
        only_asked(here)
        if key == "sent":
            here.sent["127.0.0.2", here.ports.rtsp] += sent
        else:
            here.datagrams["127.0.0.3"] = [sent[at : at + 15] for at in range(0, len(sent), 15)]
        with pytest.raises(WroteSomething):
            only_asked(here)


async def test_time_that_runs_out_gives_what_was_found_until_then() -> None:
    async with town() as here:
        clock = KernelClock(trusted=False)
        asked = NetworkSearch(
            network=ipaddress.ip_network("127.0.0.0/24"), rtsp_ports=(here.ports.rtsp,),
            pace_per_s=1, limit_s=1,
        )  # fmt: skip
        harvest = await search_network(asked, pace=Pace(1, clock=clock), progress=lambda *_: None)
    assert not harvest.complete
    assert harvest.asked < 254


async def test_a_search_keeps_its_pace() -> None:
    clock, slept = FakeClock(), list[float]()

    async def sleep(seconds: float) -> None:
        slept.append(seconds)
        clock.now_ms += round(seconds * 1_000)

    pace = Pace(100, clock=clock, sleep=sleep)
    for _ in range(254 * 4):
        await pace.turn()
    assert clock.now_ms - 1_000 == 10_150
    assert pace.count == 1_016


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("10.20.0.0", None),
        ("10.20.0.0/22", None),
        ("100.64.0.0/24", None),
        ("fd00::/120", None),
        ("10.20.0.0/21", "has 2048 addresses, 1024 at most"),
        ("8.8.8.0/24", "is in the public Internet"),
        ("224.0.0.0/24", "is no network of devices"),
        ("10.20.0.0/33", "is no network"),
        ("the market", "is no network"),
    ],
)
def test_only_a_small_network_of_ones_own_is_searched(text: str, expected: str | None) -> None:
    if expected is None:
        network_of(text, max_hosts=1_024, public=False)
        return
    with pytest.raises(SettingsError, match=expected) as error:
        network_of(text, max_hosts=1_024, public=False)
    assert error.value.hint


def test_the_public_internet_is_searched_only_when_a_person_says_so() -> None:
    assert network_of("8.8.8.0/28", max_hosts=1_024, public=True).num_addresses == 16


def test_an_empty_network_says_what_to_look_at() -> None:
    report = NetworkReport(network="10.20.0.0/24", hosts=254, complete=True, took_s=1, found=[])
    assert in_words(report, []).splitlines()[0] == (
        "✗ no camera or access point answers among 254 hosts of 10.20.0.0/24"
    )
