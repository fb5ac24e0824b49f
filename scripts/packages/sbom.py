"""A bill of materials of one package, in CycloneDX 1.5: every wheel with its hashes and licence."""

import json
import re
from email.message import Message
from email.parser import HeaderParser
from pathlib import Path
from uuid import NAMESPACE_URL, uuid5

WHEEL = re.compile(r"^([A-Za-z0-9._-]+)==(\S+)[^\n]*\n((?: +--hash=\S+(?: \\)?\n)*)", re.MULTILINE)


def bill(name: str, version: str, arch: str, *, lock: str, packages: Path, made_at: str) -> str:
    """The bill of what is in `packages`; the hashes are those the lock allows."""
    allowed = {_key(match[1]): match for match in WHEEL.finditer(lock)}
    wheels = sorted(packages.glob("*.dist-info/METADATA"))
    document = {
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        "serialNumber": f"urn:uuid:{uuid5(NAMESPACE_URL, f'nadi-kota/{name}/{version}/{arch}')}",
        "version": 1,
        "metadata": {
            "timestamp": made_at,
            "component": {
                "type": "application",
                "bom-ref": name,
                "name": name,
                "version": version,
                "purl": f"pkg:deb/nadi-kota/{name}@{version}?arch={arch}",
                "licenses": [{"expression": "Apache-2.0"}],
            },
        },
        "components": [_component(file, allowed) for file in wheels],
    }
    return json.dumps(document, indent=1, sort_keys=True) + "\n"


def _component(metadata: Path, allowed: dict[str, re.Match[str]]) -> dict[str, object]:
    said = HeaderParser().parsestr(metadata.read_text(encoding="utf-8"))
    name, version = _key(str(said["Name"])), str(said["Version"])
    purl = f"pkg:pypi/{name}@{version}"
    component: dict[str, object] = {
        "type": "library",
        "bom-ref": purl,
        "name": name,
        "version": version,
        "purl": purl,
        "properties": [
            {"name": "nadi:allowed-sha256", "value": digest}
            for digest in re.findall(r"sha256:([0-9a-f]{64})", allowed[name][3])
        ],
    }
    if licence := _licence(said):
        component["licenses"] = [{"license": {"name": licence}}]
    return component


def _licence(said: Message) -> str:
    """As the wheel says it: in one of two fields, or by a classifier."""
    classifiers = (str(one) for one in said.get_all("Classifier", []))
    named = [one.rpartition(" :: ")[2] for one in classifiers if one.startswith("License ::")]
    said_so = said["License-Expression"] or said["License"] or " or ".join(named)
    return str(said_so).splitlines()[0][:80] if said_so else ""


def _key(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()
