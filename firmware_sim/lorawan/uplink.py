"""One uplink as ChirpStack v4's MQTT integration publishes it (integration.proto, proto3 JSON)."""

import base64
import json
import uuid
from datetime import UTC, datetime
from random import Random
from typing import Any

from firmware_sim.lorawan.payloads import Report
from firmware_sim.lorawan.settings import ReporterSettings

TENANT = "52f14cd4-c6f1-4fbd-8f87-4025e1d49242"
GATEWAY = "24e124fffef12345"


def topic(application: str, dev_eui: str) -> str:
    """Where an application's uplinks of one device go."""
    return f"application/{application}/device/{dev_eui.lower()}/event/up"


def message(
    settings: ReporterSettings,
    report: Report,
    *,
    application: str,
    count: int,
    unix_s: float,
    random: Random,
) -> bytes:
    """The JSON document; as proto3 has it, what is zero or empty is left out."""
    document: dict[str, Any] = {
        "deduplicationId": str(uuid.UUID(int=random.getrandbits(128), version=4)),
        "time": datetime.fromtimestamp(unix_s, UTC).strftime("%Y-%m-%dT%H:%M:%S.%f000+00:00"),
        "deviceInfo": {
            "tenantId": TENANT,
            "tenantName": "Baubau",
            "applicationId": application,
            "applicationName": "bins",
            "deviceProfileName": settings.DEVICE,
            "deviceName": settings.asset,
            "devEui": settings.dev_eui.lower(),
        },
        "devAddr": f"{random.getrandbits(25):08x}",
        "adr": True,
        "dr": 2,
        "fCnt": count,
        "fPort": report.port,
        "data": base64.b64encode(report.data).decode(),
        "rxInfo": [
            {
                "gatewayId": GATEWAY,
                "uplinkId": random.getrandbits(32),
                "rssi": -random.randrange(60, 115),
                "snr": round(random.uniform(-8, 10), 1),
                "context": base64.b64encode(random.randbytes(4)).decode(),
                "metadata": {"region_name": "as923_2"},
            }
        ],
        "txInfo": {
            "frequency": random.choice((921_400_000, 921_600_000)),
            "modulation": {
                "lora": {"bandwidth": 125_000, "spreadingFactor": 10, "codeRate": "CR_4_5"}
            },
        },
    }
    return json.dumps({name: value for name, value in document.items() if value}).encode()
