"""A gateway renews its certificate by itself, loses no reading by it, and the old one ends last."""

import hashlib
import os
import stat
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random

import pytest

from broker_bridge.stores.sqlite import SqliteStore
from contract.bundle import sign_bundle
from provisioning import certificates
from provisioning.authority import delegating, issuing
from provisioning.authority.making import Wish, make
from provisioning.authority.record import BY_ISSUING, opened
from provisioning.certificates import Issuer, new_key
from provisioning.joining.identity import KEY
from scripts.district.ports import free_port
from tests.provisioning.conftest import PASSPHRASE, Centre, Ended, Nadi
from tests.provisioning.endpoints import HOST, listening
from tests.provisioning.pole import NAME
from tests.provisioning.renewals import (
    NONCE,
    Renewing,
    bundle_of,
    give_identity,
    recorded,
    renewing,
)

pytestmark = pytest.mark.system


@pytest.fixture
def there(centre: Centre, tmp_path: Path) -> Iterator[Renewing]:
    with renewing(centre, tmp_path / "pole") as made:
        yield made


def content(folder: Path) -> dict[str, str]:
    """Every identity and setting, byte for byte."""
    files = [*(folder / "identities").rglob("*"), folder / "agent.toml"]
    return {
        str(file): hashlib.sha256(file.read_bytes()).hexdigest() for file in files if file.is_file()
    }


def apply(nadi: Nadi, there: Renewing) -> Ended:
    """What the office does now and then."""
    return nadi("authority", "apply", "--authority", str(there.centre.authority.folder), "--json")


def unexplained(there: Renewing) -> tuple[int, int]:
    store = SqliteStore(there.folder / "city.db", now_ms=lambda: 1)
    try:
        (balance,) = store.balance()
    finally:
        store.close()
    assert balance.lost.readings == balance.rejected.readings == 0
    return balance.unexplained


def test_a_renewed_certificate_is_tried_taken_up_and_answered_before_the_old_one_ends(
    there: Renewing, nadi: Nadi
) -> None:
    there.pole.play()
    bridge = there.pole.start_bridge()
    there.supervised()
    old = there.copy_of(there.in_use)
    bridge.stop()
    waits = nadi(*there.line, "--wait", "2", "--json", env=there.environment)
    assert (waits.code, waits.document["code"]) == (0, "queued")
    assert waits.document["pending"] == ["receipt", "revoke"]
    new = there.in_use
    assert new.nonce != NONCE
    assert new.certificate is not None
    assert new.certificate.not_valid_after_utc > datetime.now(UTC) + timedelta(days=700)
    assert new.key().public_key() != old.key().public_key()
    assert apply(nadi, there).document["result"] == {"replaced": 0}
    assert there.accepts(old), "nobody has answered the new one yet"
    there.pole.start_bridge()
    done = nadi(*there.line, "--json", env=there.environment)
    assert (done.code, done.document["code"]) == (0, "done"), done.err + done.out
    assert there.in_use.nonce == new.nonce
    assert not (there.folder / "identities" / NONCE / KEY).exists()
    assert there.accepts(old), "the broker has no list yet that names it"
    assert apply(nadi, there).document["result"] == {"replaced": 1}
    assert there.refuses(old)
    assert there.accepts(there.in_use)
    again = nadi(*there.line, "--json", env=there.environment)
    assert again.document["code"] == "already"
    assert unexplained(there) == (0, 0)


def test_a_gateway_that_seals_nothing_ends_its_old_certificate_too(
    there: Renewing, nadi: Nadi
) -> None:
    there.without_devices()
    bridge = there.pole.start_bridge()
    there.supervised(there.is_answered)
    old = there.copy_of(there.in_use)
    bridge.stop()
    waits = nadi(*there.line, "--wait", "2", "--json", env=there.environment)
    assert waits.document["pending"] == ["receipt", "revoke"], "the broker alone is no answer"
    there.pole.start_bridge()
    done = nadi(*there.line, "--json", env=there.environment)
    assert (done.code, done.document["code"]) == (0, "done"), done.err + done.out
    assert there.pole.status().sealed.readings == 0
    assert apply(nadi, there).document["result"] == {"replaced": 1}
    assert there.refuses(old)
    assert there.accepts(there.in_use)


def test_point_4_a_certificate_that_is_not_due_stays(there: Renewing, nadi: Nadi) -> None:
    issuer = there.centre.authority.issuing
    bundle = bundle_of(there.centre, [there.endpoint]).model_copy(update={"nonce": "f" * 32})
    give_identity(there.folder, issuer, bundle, made_at=datetime.now(UTC))
    before = content(there.folder)
    ended = nadi(*there.line, "--json", env=there.environment)
    assert (ended.code, ended.document["code"]) == (0, "already")
    assert content(there.folder) == before


def test_point_5_a_dry_run_asks_nobody_and_changes_nothing(there: Renewing, nadi: Nadi) -> None:
    before = content(there.folder)
    ended = nadi(*there.line, "--dry-run", "--json", env=there.environment)
    assert (ended.code, ended.document["code"]) == (0, "planned")
    assert content(there.folder) == before


def refused(there: Renewing, nadi: Nadi, *more: str) -> str:
    """The code; the identity in use is what it was, and the same in both languages."""
    before, serial = content(there.in_use.folder.parent), there.serial
    ended = nadi(*there.line, *more, "--json", env=there.environment)
    told = nadi(*there.line, *more, "--json", "--lang", "id", env=there.environment)
    assert ended.code in (4, 5, 6)
    assert ended.out == told.out
    assert there.serial == serial
    after = content(there.in_use.folder.parent)
    assert {file: after[file] for file in before} == before
    return str(ended.document["code"])


def test_an_endpoint_that_is_not_reached_is_named(there: Renewing, nadi: Nadi) -> None:
    nobody = f"{HOST}:{free_port(Random())}"
    assert refused(there, nadi, "--enrolment", nobody) == "E-ENDPOINT-01"


def test_an_endpoint_of_another_city_is_not_believed(
    there: Renewing, nadi: Nadi, tmp_path: Path
) -> None:
    wish = Wish(city="baubau", hosts=(HOST,))
    false = make(tmp_path / "false", wish, passphrase=PASSPHRASE, now=datetime.now(UTC))
    with listening(false) as impostor:
        assert refused(there, nadi, "--enrolment", f"{HOST}:{impostor.port}") == "E-ENDPOINT-02"
        assert impostor.log == []


def test_a_revoked_certificate_is_not_renewed(there: Renewing, nadi: Nadi) -> None:
    own = there.in_use.certificate
    assert own is not None
    with opened(there.centre.authority.record_file, write=True) as kept:
        kept.revoke(
            [own.serial_number], issuer=BY_ISSUING, name=NAME, at=datetime.now(UTC),
            reason="stolen", until=own.not_valid_after_utc,
        )  # fmt: skip
    assert refused(there, nadi) == "E-RENEW-01"


def give(there: Renewing, made_at: datetime, *, signer: Issuer | None = None) -> None:
    """Another identity in the place of the one there."""
    authority = there.centre.authority
    bundle = bundle_of(there.centre, [there.endpoint]).model_copy(update={"nonce": "f" * 32})
    identity = give_identity(
        there.folder, authority.issuing, bundle, made_at=made_at, signer=signer
    )
    recorded(there.centre, identity)


def test_a_certificate_that_ran_out_is_told_with_the_clock(there: Renewing, nadi: Nadi) -> None:
    give(there, datetime.now(UTC) - timedelta(days=20))
    assert refused(there, nadi) == "E-RENEW-05"


def test_a_clock_that_cannot_be_right_is_named(there: Renewing, nadi: Nadi) -> None:
    give(there, datetime.now(UTC) + timedelta(days=20))
    assert refused(there, nadi) == "E-RENEW-06"


def test_a_certificate_that_the_endpoint_does_not_accept_is_named(
    there: Renewing, nadi: Nadi
) -> None:
    key, now = new_key(), datetime.now(UTC)
    root = certificates.root("baubau", key, now=now)
    give(there, now - timedelta(days=10), signer=Issuer(certificate=root, key=key))
    assert refused(there, nadi) == "E-RENEW-07"


def test_a_new_certificate_that_does_not_work_is_not_switched_to(
    there: Renewing, nadi: Nadi, tmp_path: Path
) -> None:
    wish = Wish(city="baubau", hosts=(HOST,))
    false = make(tmp_path / "false", wish, passphrase=PASSPHRASE, now=datetime.now(UTC))
    settings = there.pole.settings_file.read_text()
    with listening(false) as other:
        port = f"port = {there.centre.port}"
        there.pole.settings_file.write_text(settings.replace(port, f"port = {other.port}"))
        assert refused(there, nadi) == "E-RENEW-08"
        there.pole.settings_file.write_text(settings.replace(port, "port = 1"))
        assert refused(there, nadi) == "E-RENEW-09"
    there.pole.settings_file.write_text(settings)
    assert refused(there, nadi) == "E-RENEW-10", "no agent runs here that could be restarted"
    assert there.in_use.nonce == NONCE
    assert there.accepts(there.in_use)


def test_an_agent_that_does_not_come_back_has_its_old_certificate_again(
    there: Renewing, nadi: Nadi
) -> None:
    there.pole.play()
    there.pole.start_bridge()
    agent = there.supervised()
    broken = [*there.line[:-1], "false"]
    ended = nadi(*broken, "--json", env=there.environment)
    assert (ended.code, ended.document["code"]) == (4, "E-RENEW-10")
    assert there.in_use.nonce == NONCE
    assert there.in_use.replaced is None
    done = nadi(*there.line, "--json", env=there.environment)
    assert (done.code, done.document["code"]) == (0, "done"), done.out
    agent.wait_until(there.is_receipted, what="receipted", deadline_s=60)
    assert there.in_use.nonce != NONCE
    assert unexplained(there) == (0, 0)


def test_the_agent_can_read_its_anchor_whatever_the_umask_was(there: Renewing, nadi: Nadi) -> None:
    before = os.umask(0o077)
    try:
        nadi(*there.line, "--json", env=there.environment)
        folders = [*(there.folder / "identities").iterdir(), there.folder / "identities"]
    finally:
        os.umask(before)
    assert len(folders) == 3
    assert {stat.S_IMODE(one.stat().st_mode) for one in folders} == {0o755}
    anchors = [one / "ca.pem" for one in folders[:2]]
    assert {stat.S_IMODE(one.stat().st_mode) for one in anchors} == {0o644}


def test_a_certificate_that_ran_out_is_recovered_by_a_stick_and_what_waited_arrives(
    there: Renewing, nadi: Nadi, tmp_path: Path, passphrase: str
) -> None:
    authority, now = there.centre.authority, datetime.now(UTC)
    give(there, now - timedelta(days=20))
    there.pole.play()
    there.pole.start_bridge()
    agent = there.supervised(there.has_sealed)
    assert not there.accepts(there.in_use)
    delegating.make(
        authority, [NAME], life=timedelta(days=7), now=now, file=tmp_path / "delegation",
        passphrase=PASSPHRASE,
    )  # fmt: skip
    issuing.send(authority, now=now)
    fresh = bundle_of(there.centre, []).model_copy(update={"nonce": "e" * 32})
    by = authority.issuing
    file = tmp_path / f"{NAME}.bundle"
    file.write_bytes(sign_bundle(fresh, signer=by.certificate, key=by.key))
    ended = nadi(
        "gateway", "enrol", "--folder", str(there.folder), "--bundle", str(file), "--yes",
        "--delegation", str(tmp_path / "delegation"), "--passphrase", passphrase,
        "--line", "none", "--start", there.restart, "--json", env=there.environment,
    )  # fmt: skip
    assert (ended.code, ended.document["code"]) == (0, "done"), ended.out
    assert there.accepts(there.in_use)
    agent.wait_until(there.is_receipted, what="receipted", deadline_s=60)
    agent.wait_until(lambda: not there.has_sealed(), what="drained", deadline_s=60)
    assert unexplained(there) == (0, 0)


def test_a_gateway_whose_bundle_names_no_endpoint_is_told(there: Renewing, nadi: Nadi) -> None:
    bundle = bundle_of(there.centre, []).model_copy(update={"nonce": "f" * 32})
    made_at = datetime.now(UTC) - timedelta(days=10)
    give_identity(there.folder, there.centre.authority.issuing, bundle, made_at=made_at)
    assert refused(there, nadi) == "E-RENEW-04"


def test_a_machine_that_was_never_enrolled_is_told(nadi: Nadi, tmp_path: Path) -> None:
    ended = nadi("gateway", "renew", "--folder", str(tmp_path), "--json")
    assert (ended.code, ended.document["code"]) == (5, "E-RENEW-03")


async def test_nobody_can_end_a_certificate_that_was_not_renewed_into_his(
    there: Renewing,
) -> None:
    """A second gateway of the same name, or a thief with a valid certificate, ends nothing."""
    with listening(there.centre.authority) as endpoint:
        other = there.centre.address(NAME)
        pair = Path(other.cert_file), Path(other.key_file)
        head = b"POST /.well-known/nadi/supersede HTTP/1.1\r\n\r\n"
        assert (await endpoint.send(head, shown=pair)).status == 200
        assert "serials=none" in endpoint.log[-1]
        assert (await endpoint.send(head)).status == 401
    with opened(there.centre.authority.record_file, write=False) as kept:
        assert kept.unlisted(datetime.now(UTC)) == 0
