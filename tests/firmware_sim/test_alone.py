import asyncio
import json
import sys
import tomllib
from pathlib import Path

import pytest

from contract.document import load_document
from contract.settings import AgentSettings
from firmware_sim import District, DistrictSettings, SettingsError
from firmware_sim.__main__ import EXAMPLES, PLAY_NOTES, parser, wish_of
from firmware_sim.agent_lines import agent_lines
from firmware_sim.alone import Wish, alone, devices
from firmware_sim.catalogue import catalogue
from firmware_sim.district import Places

ROOT = Path(__file__).parents[2]
PATIENCE_S = 30
LORAWAN = ("em310_udl", "em400", "dragino_ldds")
HEAD = """
[gateway]
city = "baubau"
id = "bb-0001"
[broker]
ca_file = "/c"
cert_file = "/c"
key_file = "/k"
"""


async def pasted(settings: DistrictSettings, folder: Path) -> AgentSettings:
    """The agent's settings for what is played, as an agent would load them."""
    if settings.lorawan:
        lines = agent_lines(settings, Places(lorawan={"lora": "127.0.0.1:1883"}))
    else:
        async with District(settings, directory=folder) as district:
            lines = agent_lines(settings, district.places)
    return load_document(AgentSettings, HEAD + lines, name="agent.toml")


@pytest.mark.parametrize("device", devices())
async def test_every_device_can_be_played_alone_and_an_agent_takes_the_lines_it_prints(
    device: str, tmp_path: Path
) -> None:
    settings = await pasted(alone(Wish(device=device)), tmp_path)
    assert list(settings.devices()) or device == "poe_switch"


def test_all_that_the_catalogue_names_can_be_played_alone() -> None:
    names = catalogue().split("\n\n", maxsplit=1)[0].splitlines()[1:]
    listed = {line.split()[0] for line in names}
    assert listed - {"dali_lamp"} == set(devices())


async def test_a_modbus_unit_can_stand_behind_a_tcp_port(tmp_path: Path) -> None:
    settings = await pasted(alone(Wish(device="sdm630", port=0)), tmp_path)
    (line,) = settings.network
    assert line.device[0].driver == "modbus_map"


async def test_a_switch_powers_a_camera_whose_settings_say_so(tmp_path: Path) -> None:
    settings = await pasted(alone(Wish(device="poe_switch")), tmp_path)
    (camera,) = settings.network[0].device
    assert camera.driver == "rtsp_camera"
    assert camera.poe is not None


def test_settings_and_faults_come_from_the_command_line() -> None:
    wish = Wish(
        device="rtsp_camera", settings=("auth=digest-sha256", "streams=2"), faults=("no_stream",)
    )
    (camera,) = alone(wish).cameras
    assert (camera.auth, camera.streams, camera.faults.named) == (
        "digest-sha256",
        2,
        ("no_stream",),
    )


@pytest.mark.parametrize(
    ("wish", "sentence", "hint"),
    [
        (Wish(device="sdm12"), "'sdm12' is nothing that can be played alone", "sdm120"),
        (Wish(device="sdm120", settings=("rated_w",)), "is no KEY=VALUE", "--set"),
        (Wish(device="sdm120", settings=("rated=1",)), "rated is no setting", "rated_w"),
        (Wish(device="sdm120", faults=("lamp_faild",)), "lamp_faild is no", "lamp_failed"),
    ],
)
def test_wrong_wishes_are_refused_in_words(wish: Wish, sentence: str, hint: str) -> None:
    with pytest.raises(SettingsError, match=sentence) as error:
        alone(wish)
    assert hint in error.value.hint


@pytest.mark.parametrize("text", [EXAMPLES, PLAY_NOTES], ids=["--help", "play --help"])
def test_every_example_of_the_help_can_be_played(text: str) -> None:
    examples = [
        line.split("  ")[1].split() for line in text.splitlines() if "nadi-sim play" in line
    ]
    assert len(examples) > 1
    for _, *arguments in examples:
        assert alone(wish_of(parser().parse_args(arguments))).devices()


async def test_the_command_says_where_it_is_and_what_to_paste(tmp_path: Path) -> None:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "firmware_sim", "play", "sdm120", "--dir", tmp_path),
        cwd=ROOT,
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdout is not None
    said = await asyncio.wait_for(process.stdout.readuntil(b"address = 1\n"), PATIENCE_S)
    process.terminate()
    assert await asyncio.wait_for(process.wait(), PATIENCE_S) == 0
    ready, _, lines = said.decode().partition("\n")
    assert json.loads(ready)["lines"] == {"line": str(tmp_path / "line")}
    assert tomllib.loads(lines)["serial"][0]["port"] == str(tmp_path / "line")
