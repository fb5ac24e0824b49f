"""The issuing certificate is renewed in the office, and whatever it signed stays good."""

from datetime import UTC, datetime, timedelta

import pytest

from provisioning.authority import folder as places
from provisioning.authority import issuing, lengthening
from provisioning.authority.making import Wish, make
from provisioning.certificates import Role, client, new_key
from provisioning.visit import listens
from tests.provisioning.conftest import PASSPHRASE, Centre, Ended, Nadi
from tests.provisioning.test_every_command import content

pytestmark = pytest.mark.system


def renewed(nadi: Nadi, centre: Centre, passphrase: str, *more: str) -> Ended:
    folder = centre.authority.folder
    key = ("--root-key", str(folder / "offline" / "root.key"))
    line = ("authority", "renew", "issuing", "--passphrase", passphrase, "--json")
    return nadi(*line, "--authority", str(folder), *(more or key))


def test_gateways_old_and_new_go_on_under_the_new_issuing_certificate(
    centre: Centre, nadi: Nadi, passphrase: str
) -> None:
    before, old = centre.authority, centre.address("bb-0001")
    ended = renewed(nadi, centre, passphrase)
    assert (ended.code, ended.document["code"]) == (0, "done"), ended.out
    after = places.load(before.folder)
    assert after.issuing.certificate.serial_number != before.issuing.certificate.serial_number
    assert after.issuing.certificate.subject == before.issuing.certificate.subject
    now = Centre(authority=after, broker=centre.broker, port=centre.port, passes=centre.passes)
    new = now.address("bb-0002")
    assert centre.accepts(old)
    assert centre.accepts(new)
    centre.broker.stop()
    centre.broker.start()
    port = centre.port
    centre.broker.wait_until(lambda: listens("127.0.0.1", port), what="back", deadline_s=20)
    assert centre.accepts(old)
    assert centre.accepts(new)
    place = ("--authority", str(before.folder), "--json")
    line = ("gateway", "revoke", "bb-0001", "--reason", "stolen", "--confirm", "bb-0001")
    assert nadi(*line, *place).code == 0
    assert not centre.accepts(old)
    assert centre.accepts(new)
    assert nadi("authority", "status", *place).code == 0


def test_it_lives_ten_years_from_then_on_and_so_do_its_lists(centre: Centre) -> None:
    authority, later = centre.authority, datetime.now(UTC) + timedelta(days=8 * 365)
    root = lengthening.root_of(
        authority, authority.folder / "offline" / "root.key", passphrase=PASSPHRASE
    )
    made = lengthening.lengthen(authority, root, now=later)
    gained = made.not_valid_after_utc - authority.issuing.certificate.not_valid_after_utc
    assert gained > timedelta(days=7 * 365)
    there = places.load(authority.folder)
    key = new_key().public_key()
    late = client(there.issuing, key, role=Role.GATEWAY, name="bb-0003", now=later)
    assert late.not_valid_after_utc > authority.issuing.certificate.not_valid_after_utc - timedelta(
        days=1
    )
    late.verify_directly_issued_by(made)
    issuing.send(there, now=later)


def test_a_wrong_passphrase_or_a_wrong_or_lost_root_key_changes_nothing(
    centre: Centre, nadi: Nadi, passphrase: str
) -> None:
    folder = centre.authority.folder
    wish = Wish(city="baubau", hosts=("127.0.0.1",))
    other = make(folder.parent / "other", wish, passphrase=PASSPHRASE, now=datetime.now(UTC))
    (folder.parent / "wrong").write_text("salah sekali\n")
    before = content(folder)
    ended = renewed(nadi, centre, f"file:{folder.parent / 'wrong'}")
    assert (ended.code, ended.document["code"]) == (5, "E-AUTH-08")
    gone = ("--root-key", str(folder / "offline" / "lost.key"))
    ended = renewed(nadi, centre, passphrase, *gone)
    assert (ended.code, ended.document["code"]) == (5, "E-AUTH-07")
    until = centre.authority.issuing.certificate.not_valid_after_utc
    assert f"{until:%Y-%m-%d}" in ended.document["error"]["safe"]
    foreign = ("--root-key", str(other.folder / "offline" / "root.key"))
    ended = renewed(nadi, centre, passphrase, *foreign)
    assert (ended.code, ended.document["code"]) == (5, "E-AUTH-04")
    key = ("--root-key", str(folder / "offline" / "root.key"))
    assert renewed(nadi, centre, passphrase, *key, "--dry-run").document["code"] == "planned"
    assert content(folder) == before
