"""`nadi-bridge doctor`: a line for each part of the centre, with a sign, a word and what to do."""

import json
import time
from datetime import UTC, datetime

from broker_bridge.config import BridgeSettings
from broker_bridge.doctor.centre import Centre
from broker_bridge.doctor.checks import CHECKS
from broker_bridge.doctor.clock import of_kernel
from broker_bridge.doctor.examining import examined
from broker_bridge.doctor.finding import Finding, State
from broker_bridge.language import _, mark

SIGNS = {
    State.OK: mark("✓ ok"),
    State.WARN: mark("! warn"),
    State.FAIL: mark("✗ FAIL"),
    State.SKIP: mark("· skip"),
}
TITLES = {
    "database": mark("database"),
    "schema": mark("schema"),
    "disk": mark("disk"),
    "retention": mark("retention"),
    "broker": mark("broker"),
    "bridges": mark("bridges"),
    "gateways": mark("gateways"),
    "certificates": mark("certificates"),
    "clock": mark("clock"),
    "database clock": mark("database clock"),
    "balance": mark("balance"),
    "quarantine": mark("quarantine"),
    "backup": mark("backup"),
}
ROOM = 9


def examine(settings: BridgeSettings, *, as_json: bool) -> bool:
    """Whether nothing failed; nothing is changed."""
    centre = Centre(settings=settings, now=lambda: datetime.now(UTC), kernel=of_kernel)
    found = []
    for finding in examined(CHECKS, centre, monotonic=time.monotonic):
        found.append(finding)
        if not as_json:
            _say(finding)
    if not centre.hangs:  # whoever was left behind still waits for it
        centre.close()
    if as_json:
        print(json.dumps(_document(found)))
    else:
        _sum_up(found)
    return not any(one.seen.state is State.FAIL for one in found)


def _say(finding: Finding) -> None:
    seen = finding.seen
    sign, title = _(SIGNS[seen.state]), _(TITLES[finding.id])
    print(f"{sign:{ROOM - 1}} {title}: {seen.found}", flush=True)
    if seen.next_action:
        print(f"{'':{ROOM}}→ {seen.next_action}", flush=True)


def _sum_up(found: list[Finding]) -> None:
    counts = {state: sum(one.seen.state is state for one in found) for state in State}
    print(
        _("{ok} ok · {warned} to look at · {failed} failed · {skipped} skipped").format(
            ok=counts[State.OK],
            warned=counts[State.WARN],
            failed=counts[State.FAIL],
            skipped=counts[State.SKIP],
        )
    )


def _document(found: list[Finding]) -> dict[str, object]:
    return {
        "schema": 1,
        "findings": [
            {
                "id": one.id,
                "state": one.seen.state,
                "found": one.seen.found,
                "next_action": one.seen.next_action,
                "seconds": round(one.seconds, 3),
            }
            for one in found
        ],
    }
