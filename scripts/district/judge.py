"""Nothing lost, nothing doubled, nothing invented: said by counting, the devices as witnesses."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from types import MappingProxyType

from contract.identity import AssetId, GatewayId
from scripts.district.answers import Answer
from scripts.district.sealed import Outbox
from scripts.district.sheet import (
    NOTHING_LOST,
    NamedLost,
    Sheet,
    Tally,
    never_sealed,
    out_of_order,
    repeated,
    sheet_of,
)
from scripts.district.stored import Stored
from scripts.district.witness import Pause, samples_of, testify


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """A sheet for each gateway, and a sentence for whatever should not be."""

    sheets: tuple[Sheet, ...]
    findings: tuple[str, ...]

    @property
    def good(self) -> bool:
        """Nothing lost, nothing doubled, nothing invented, and every balance closes."""
        return not self.findings

    @property
    def readings(self) -> Tally:
        """All gateways' readings."""
        return sum((sheet.readings for sheet in self.sheets), Tally())

    @property
    def unsealed(self) -> int:
        """Readings that died with their round in a kill."""
        return sum(sheet.unsealed for sheet in self.sheets)


def judge(
    *,
    outboxes: Sequence[Outbox],
    stored: Stored,
    answers: Mapping[AssetId, Sequence[Answer]],
    gateway_of: Mapping[AssetId, GatewayId],
    pauses: Sequence[Pause],
    read_interval_ms: int,
    named_lost: Mapping[GatewayId, NamedLost] = MappingProxyType({}),
) -> Verdict:
    """The balance of all gateways; their agents must have stopped."""
    samples = samples_of(stored, outboxes)
    findings = [*never_sealed(stored, outboxes), *repeated(stored), *out_of_order(stored)]
    unsealed: Counter[GatewayId] = Counter()
    for asset, gateway in gateway_of.items():
        testimony = testify(
            asset,
            samples.get(asset, []),
            answers.get(asset, []),
            [pause for pause in pauses if pause.gateway == gateway],
            read_interval_ms=read_interval_ms,
        )
        unsealed[gateway] += testimony.unsealed
        findings += testimony.findings
    sheets = tuple(
        replace(sheet_of(outbox, stored), unsealed=unsealed[outbox.gateway]) for outbox in outboxes
    )
    complaints = chain.from_iterable(
        sheet.complaints(named_lost.get(sheet.gateway, NOTHING_LOST)) for sheet in sheets
    )
    return Verdict(sheets=sheets, findings=(*complaints, *findings))
