"""What `nadi collect` puts on a stick, and what `nadi-bridge import` makes of it."""

import os
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from random import Random

import pytest

from agent.carrying.copying import Visit
from agent.carrying.disk import FolderDisk
from agent.errors import StickFull
from broker_bridge.carried import Imported
from contract.carried import RECEIPT, STATEMENT, CarriedReceipt, Signer, unpack
from contract.errors import Altered, OtherCity, OtherGateway
from contract.holder import RevocationLists
from contract.identity import City, GatewayId
from contract.messages import Receipt
from provisioning import certificates, revocation_list
from provisioning.certificates import Issuer, Role
from provisioning.revocation_list import Revoked
from tests.carrying.pulled_stick import PulledStick
from tests.carrying.town import (
    CITY,
    NOW,
    OWN,
    Authority,
    Centre,
    Gateway,
    centre,
    own_folder,
)


@pytest.fixture(scope="module")
def authority() -> Authority:
    return Authority()


@pytest.fixture
def gateway(tmp_path: Path, authority: Authority) -> Iterator[Gateway]:
    made = Gateway(tmp_path, authority)
    made.part_batches = 3
    yield made
    made.close()


@pytest.fixture
def city(tmp_path: Path, authority: Authority) -> Iterator[Centre]:
    with centre(tmp_path, authority) as made:
        yield made


@pytest.fixture
def stick(tmp_path: Path) -> Path:
    return tmp_path / "stick"


def _disk(stick: Path) -> FolderDisk:
    return FolderDisk(own_folder(stick))


def _one(found: list[Imported]) -> Imported:
    (only,) = found
    return only


def test_a_backlog_goes_to_the_city_on_a_stick_and_its_receipt_comes_back(
    gateway: Gateway, city: Centre, stick: Path
) -> None:
    gateway.seal(4)
    gateway.start()
    gateway.seal(3, event=True)
    first = gateway.visit(_disk(stick))
    assert (first.copied, first.readings, first.events, first.on_stick) == (7, 14, 3, 7)
    brought = _one(city.imported(stick))
    assert (brought.committed, brought.readings, brought.findings) == (7, 14, ())
    assert city.stored() == gateway.sealed
    assert city.events() == 3
    again = gateway.visit(_disk(stick))
    assert (again.receipt, again.closed, again.copied, again.waiting) == ("applied", 7, 0, 0)
    assert [one.name for one in own_folder(stick).glob("*.part")] == []


def test_copying_alone_settles_nothing(gateway: Gateway, stick: Path) -> None:
    gateway.seal(5)
    assert gateway.visit(_disk(stick)).waiting == 5
    assert gateway.waiting == 5


def test_a_second_visit_adds_what_is_new_and_copies_nothing_twice(
    gateway: Gateway, city: Centre, stick: Path
) -> None:
    gateway.seal(4)
    gateway.visit(_disk(stick))
    gateway.seal(2)
    second = gateway.visit(_disk(stick))
    assert (second.copied, second.on_stick) == (2, 6)
    assert city.imported(stick)[0].known == 0
    assert city.stored() == gateway.sealed


def test_importing_twice_doubles_nothing(gateway: Gateway, city: Centre, stick: Path) -> None:
    gateway.seal(4)
    gateway.visit(_disk(stick))
    city.imported(stick)
    again = _one(city.imported(stick))
    assert (again.committed, again.known) == (0, 4)
    assert city.stored() == gateway.sealed


def test_sticks_may_come_out_of_order(gateway: Gateway, city: Centre, tmp_path: Path) -> None:
    gateway.seal(3)
    gateway.visit(_disk(tmp_path / "old"))
    gateway.seal(3)
    gateway.visit(_disk(tmp_path / "new"))
    city.imported(tmp_path / "new")
    city.imported(tmp_path / "old")
    assert city.stored() == gateway.sealed
    gateway.visit(_disk(tmp_path / "new"))
    late = gateway.visit(_disk(tmp_path / "old"))
    assert (late.receipt, gateway.waiting) == ("applied", 0)


def test_every_byte_that_is_altered_is_found_and_nothing_of_its_file_is_stored(
    gateway: Gateway, city: Centre, stick: Path
) -> None:
    gateway.seal(3)
    gateway.visit(_disk(stick))
    (part,) = own_folder(stick).glob("*.part")
    whole, random = part.read_bytes(), Random(4)
    for at in {0, 5, len(whole) - 1, *random.sample(range(len(whole)), 60)}:
        part.write_bytes(
            whole[:at] + bytes([whole[at] ^ 1 << random.randrange(8)]) + whole[at + 1 :]
        )
        found = _one(city.imported(stick))
        assert [one.file for one in found.findings] == [part.name], at
        assert found.committed == 0
    for wrong in (b"", whole[:-1], whole + b"\0", whole[1:]):
        part.write_bytes(wrong)
        assert _one(city.imported(stick)).findings
    assert not city.stored()
    assert gateway.visit(_disk(stick)).damaged == [part.name]
    city.imported(stick)
    assert city.stored() == gateway.sealed


def test_an_altered_part_takes_no_other_with_it(
    gateway: Gateway, city: Centre, stick: Path
) -> None:
    gateway.seal(6)
    gateway.visit(_disk(stick))
    first, _second = sorted(own_folder(stick).glob("*.part"))
    first.write_bytes(first.read_bytes()[:-1] + b"\0")
    found = _one(city.imported(stick))
    assert (found.committed, len(found.findings)) == (3, 1)


def test_no_byte_that_changed_in_a_part_makes_it_another_citys_stick(
    gateway: Gateway, stick: Path
) -> None:
    gateway.seal(1)
    gateway.visit(_disk(stick))
    (part,) = own_folder(stick).glob("*.part")
    whole = part.read_bytes()
    certificate = whole.rindex(b"-----BEGIN CERTIFICATE")
    for at in range(certificate, len(whole), 7):
        part.write_bytes(whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :])
        assert gateway.visit(_disk(stick)).damaged == [part.name]


def test_a_part_that_was_taken_away_is_named(gateway: Gateway, city: Centre, stick: Path) -> None:
    gateway.seal(6)
    gateway.visit(_disk(stick))
    gone, _ = sorted(own_folder(stick).glob("*.part"))
    gone.unlink()
    assert [one.file for one in _one(city.imported(stick)).findings] == [gone.name]


def test_another_citys_stick_is_refused_on_both_ends(
    gateway: Gateway, tmp_path: Path, stick: Path
) -> None:
    gateway.seal(2)
    gateway.visit(_disk(stick))
    with centre(tmp_path, Authority()) as elsewhere:  # of the same name
        found = _one(elsewhere.imported(stick))
        assert found.committed == 0
        assert all("another authority" in one.reason for one in found.findings)
        assert len(found.findings) == 2
    (tmp_path / "card").mkdir()
    stranger = Gateway(tmp_path / "card", Authority())
    with pytest.raises(OtherCity):
        stranger.visit(_disk(stick))
    stranger.close()


def test_a_folder_of_a_city_of_another_name_is_named(
    gateway: Gateway, city: Centre, stick: Path
) -> None:
    gateway.seal(2)
    gateway.visit(_disk(stick))
    own_folder(stick).parent.rename(own_folder(stick).parent.with_name("kendari"))
    found = _one(city.imported(stick))
    assert (found.committed, found.findings[0].reason) == (
        0,
        "it is of the city kendari, not of baubau",
    )


def test_a_gateway_speaks_only_for_itself_on_a_stick_too(
    gateway: Gateway, city: Centre, stick: Path, authority: Authority
) -> None:
    gateway.seal(2)
    gateway.signer = authority.holder("bb-0002")
    gateway.visit(_disk(stick))
    found = _one(city.imported(stick))
    assert found.committed == 0
    assert {one.reason for one in found.findings} == {"bb-0002 signed it, not bb-0001"}


def test_a_delegation_vouches_for_the_gateways_it_names_and_for_no_other(
    gateway: Gateway, city: Centre, tmp_path: Path, authority: Authority
) -> None:
    gateway.seal(2)
    for named, taken in ((OWN, 2), ("bb-0002", 0)):
        key = certificates.new_key()
        made = certificates.delegation(
            authority.issuing, key, name="delegation-1", gateways=[named], now=NOW,
            life=timedelta(days=14),
        )  # fmt: skip
        issuer = Issuer(certificate=made, key=key)
        gateway.signer = authority.holder(OWN, issuer=issuer)
        stick = tmp_path / named
        gateway.visit(_disk(stick))
        assert sum(one.committed for one in city.imported(stick)) == taken


def test_what_a_revoked_gateway_signed_is_refused_unless_it_has_only_renewed(
    gateway: Gateway, tmp_path: Path, stick: Path, authority: Authority
) -> None:
    gateway.seal(2)
    gateway.visit(_disk(stick))
    serial = gateway.signer.chain[0].serial_number
    renewed = Revoked(serial=serial, at=NOW, superseded=True)
    for revoked, taken in (([Revoked(serial=serial, at=NOW)], 0), ([renewed], 2), ([], 0)):
        listed = revocation_list.signed(authority.issuing, revoked, number=2, now=NOW)
        trust = replace(authority.trust(), revoked=RevocationLists(lists=(listed,), now=NOW))
        with centre(tmp_path, authority, trust) as city:
            assert _one(city.imported(stick)).committed == taken


def test_an_authority_that_keeps_no_list_any_more_vouches_for_nobody(
    gateway: Gateway, tmp_path: Path, stick: Path, authority: Authority
) -> None:
    gateway.seal(1)
    gateway.visit(_disk(stick))
    trust = replace(authority.trust(), revoked=RevocationLists(lists=(), now=NOW))
    with centre(tmp_path, authority, trust) as city:
        assert _one(city.imported(stick)).committed == 0


@pytest.mark.parametrize("who", ["another city", "a gateway", "for another gateway"])
def test_a_receipt_that_no_bridge_of_this_city_signed_for_this_gateway_settles_nothing(
    who: str, gateway: Gateway, city: Centre, stick: Path, authority: Authority
) -> None:
    gateway.seal(2)
    gateway.visit(_disk(stick))
    city.imported(stick)
    receipt = _receipt(stick, authority)
    signer: Signer = {
        "another city": Authority().holder("bridge", role=Role.BRIDGE),
        "a gateway": authority.holder("bridge", role=Role.GATEWAY),
        "for another gateway": authority.holder("bridge", role=Role.BRIDGE),
    }[who]
    if who == "for another gateway":
        receipt = receipt.model_copy(update={"gateway": GatewayId("bb-0002")})
    forged = signer.seal("carried receipt", CarriedReceipt(city=CITY, receipt=receipt))
    (own_folder(stick) / RECEIPT).write_bytes(forged)
    assert gateway.visit(_disk(stick)).receipt == "refused"
    assert gateway.waiting == 2


def _receipt(stick: Path, authority: Authority) -> Receipt:
    data = (own_folder(stick) / RECEIPT).read_bytes()
    body = authority.trust().body("carried receipt", data, role="bridge")
    return CarriedReceipt.model_validate_json(body).receipt


def test_a_receipt_is_no_statement_and_a_statement_no_receipt(
    gateway: Gateway, city: Centre, stick: Path
) -> None:
    gateway.seal(1)
    gateway.visit(_disk(stick))
    city.imported(stick)
    folder = own_folder(stick)
    (folder / STATEMENT).write_bytes((folder / RECEIPT).read_bytes())
    assert [one.file for one in _one(city.imported(stick)).findings] == [STATEMENT]


def test_a_full_stick_keeps_what_was_whole_and_says_how_much_is_left(
    gateway: Gateway, city: Centre, stick: Path
) -> None:
    gateway.seal(12)
    full = PulledStick(Random(1))
    full.room_bytes = (2 << 20) + 9_000
    visit = Visit()
    with pytest.raises(StickFull):
        gateway.visit(full, visit)
    assert 0 < visit.copied < 12 == visit.copied + visit.left
    full.dump(own_folder(stick))
    assert _one(city.imported(stick)).committed == visit.copied


def test_what_the_gateway_gave_up_meanwhile_stays_on_the_stick_until_the_city_has_it(
    gateway: Gateway, city: Centre, stick: Path
) -> None:
    """A part may be the last copy of a batch."""
    gateway.seal(3)
    gateway.visit(_disk(stick))
    (part,) = own_folder(stick).glob("*.part")
    kept = part.read_bytes()
    part.unlink()
    city.imported(stick)
    part.write_bytes(kept)
    gateway.visit(_disk(stick))
    assert part.exists()
    city.imported(stick)
    assert city.stored() == gateway.sealed


def test_a_document_of_another_gateway_or_kind_is_refused_in_words(
    gateway: Gateway, stick: Path, authority: Authority
) -> None:
    gateway.seal(1)
    gateway.visit(_disk(stick))
    (part,) = own_folder(stick).glob("*.part")
    with pytest.raises(OtherGateway, match="bb-0001 signed it, not bb-0002"):
        unpack(part.read_bytes(), authority.trust(), gateway=GatewayId("bb-0002"))
    with pytest.raises(OtherCity, match="it is of the city baubau, not of kendari"):
        unpack(part.read_bytes(), authority.trust(City("kendari")), gateway=OWN)
    with pytest.raises(Altered, match="it does not begin as a part does"):
        unpack(b"nadi", authority.trust(), gateway=OWN)


def test_no_link_on_a_stick_is_followed_and_no_pipe_waited_for(
    gateway: Gateway, city: Centre, stick: Path, tmp_path: Path
) -> None:
    gateway.seal(3)
    gateway.visit(_disk(stick))
    folder, precious = own_folder(stick), tmp_path / "precious"
    precious.write_bytes(b"nobody's business")
    (part,) = folder.glob("*.part")
    for draft in ("receipt.tmp", "draft.tmp", RECEIPT):
        (folder / draft).symlink_to(precious)
    os.mkfifo(folder / f"{'0' * 16}-1-1.part")
    (folder / f"{'0' * 16}-2-2.part").symlink_to(part)
    found = _one(city.imported(stick))
    assert (found.committed, found.receipt, len(found.findings)) == (3, True, 2)
    assert gateway.visit(_disk(stick)).receipt == "applied"
    assert precious.read_bytes() == b"nobody's business"
    assert not (folder / RECEIPT).is_symlink()


def test_a_folder_on_a_stick_that_leads_elsewhere_is_not_entered(
    gateway: Gateway, city: Centre, stick: Path, tmp_path: Path
) -> None:
    gateway.seal(1)
    gateway.visit(_disk(stick))
    own_folder(stick).rename(tmp_path / "elsewhere")
    own_folder(stick).symlink_to(tmp_path / "elsewhere")
    assert city.imported(stick) == []
