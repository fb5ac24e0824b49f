import asyncio
import json
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from firmware_sim.__main__ import main
from firmware_sim.modbus.rtu import frame, is_whole
from tests.firmware_sim.serial_master import SerialMaster

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "configs" / "sim-district.example.toml"
PATIENCE_S = 20
HINT = (
    ' hint: write {"fault":"silent","asset":"PJU-0003"} or {"mend":"silent","asset":"PJU-0003"}\n'
)


@asynccontextmanager
async def simulator(directory: Path, record: Path) -> AsyncIterator[asyncio.subprocess.Process]:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "firmware_sim", "run", EXAMPLE, "--dir", directory),
        *("--record", record),
        cwd=ROOT,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()


async def line(stream: asyncio.StreamReader | None) -> str:
    assert stream is not None
    return (await asyncio.wait_for(stream.readline(), PATIENCE_S)).decode()


async def test_it_says_where_all_is_answers_and_ends_on_sigterm(tmp_path: Path) -> None:
    record = tmp_path / "answers.jsonl"
    async with simulator(tmp_path, record) as process:
        ready = json.loads(await line(process.stdout))
        assert ready["ready"] is True
        assert list(ready["cameras"]) == ["CAM-0001", "CAM-0002"]
        assert ready["access_points"]["WIFI-0001"].startswith("127.0.0.1:")
        assert ready["lines"]["pju"] == str(tmp_path / "bb-0001" / "rs485")
        with SerialMaster(ready["lines"]["pju"]) as master:
            master.write(frame(1, bytes.fromhex("04 00 00 00 0A")))
            answer = await master.read(25)
        process.send_signal(signal.SIGTERM)
        assert await asyncio.wait_for(process.wait(), PATIENCE_S) == 0
    assert is_whole(answer)
    noted = [json.loads(text) for text in record.read_text().splitlines()]
    (given,) = [one for one in noted if one["device"] == "pzem004t"]
    assert set(given) == {"device", "asset", "asked_at_ms", "given_at_ms", "values", "fault"}
    assert given["values"]["voltage"] == int.from_bytes(answer[3:5], "big") / 10
    assert not (tmp_path / "bb-0001" / "rs485").is_symlink()


async def test_bad_control_lines_are_answered_in_words(tmp_path: Path) -> None:
    async with simulator(tmp_path, tmp_path / "answers.jsonl") as process:
        await line(process.stdout)
        assert process.stdin is not None
        process.stdin.write(b'{"fault":"silent","asset":"PJU-001"}\nnonsense\n{"mend":1}\n')
        said = [await line(process.stderr) for _ in range(6)]
    assert said == [
        "error: no device here is called 'PJU-001'\n",
        " hint: did you mean PJU-0001?\n",
        "error: not JSON: 'nonsense'\n",
        HINT,
        "error: no command: '{\"mend\":1}'\n",
        HINT,
    ]


async def test_the_end_of_standard_input_ends_nothing(tmp_path: Path) -> None:
    async with simulator(tmp_path, tmp_path / "answers.jsonl") as process:
        ready = json.loads(await line(process.stdout))
        assert process.stdin is not None
        process.stdin.write(b'{"fault":"silent","asset":"PJU-0002"}\n')
        process.stdin.close()
        with SerialMaster(ready["lines"]["pju"]) as master:
            master.write(frame(1, bytes.fromhex("04 00 00 00 0A")))
            assert is_whole(await master.read(25))
        process.send_signal(signal.SIGINT)
        assert await asyncio.wait_for(process.wait(), PATIENCE_S) == 0


def test_wrong_settings_end_it_with_a_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "district.toml"
    path.write_text("sede = 1")
    assert main(["run", str(path), "--dir", str(tmp_path)]) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err == f"error: {path}: sede is no setting\n hint: did you mean seed?\n"


def test_a_record_that_cannot_be_written_ends_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["run", str(EXAMPLE), "--dir", str(tmp_path), "--record", str(tmp_path)]
    assert main(arguments) == 2
    assert "cannot be written: Is a directory" in capsys.readouterr().err


def test_list_says_what_it_can_be(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["list"]) == 0
    assert "snmp_access_point" in capsys.readouterr().out


@pytest.mark.parametrize("arguments", [["--help"], ["run", "--help"]])
def test_help_teaches_by_example(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert ended.value.code == 0
    assert "nadi-sim run configs/sim-district.example.toml" in capsys.readouterr().out
