"""An ONVIF device service: its clock for everybody, what it is for its user (SOAP 1.2)."""

import base64
import binascii
import hashlib
import hmac
import re
from datetime import UTC, datetime

SOON_S = 300
DEVICE = {
    "Manufacturer": "Nadi",
    "Model": "NK-SIM",
    "FirmwareVersion": "V1.0.0",
    "SerialNumber": "{asset}",
    "HardwareId": "1",
}
ENVELOPE = (
    '<?xml version="1.0" encoding="UTF-8"?>\n'
    '<env:Envelope xmlns:env="http://www.w3.org/2003/05/soap-envelope"'
    ' xmlns:tds="http://www.onvif.org/ver10/device/wsdl"'
    ' xmlns:tt="http://www.onvif.org/ver10/schema" xmlns:ter="http://www.onvif.org/ver10/error">'
    "<env:Body>{body}</env:Body></env:Envelope>"
)
FAULT = (
    "<env:Fault><env:Code><env:Value>env:Sender</env:Value><env:Subcode><env:Value>{code}"
    '</env:Value></env:Subcode></env:Code><env:Reason><env:Text xml:lang="en">refused'
    "</env:Text></env:Reason></env:Fault>"
)
NOT_AUTHORIZED = ENVELOPE.format(body=FAULT.format(code="ter:NotAuthorized")).encode()
NOT_SUPPORTED = ENVELOPE.format(body=FAULT.format(code="ter:ActionNotSupported")).encode()


def question_of(body: bytes) -> str:
    """The operation's name, or nothing."""
    match = re.search(rb"<(?:\w+:)?Body[^>]*>\s*<(?:\w+:)?(\w+)", body)
    return match[1].decode() if match else ""


def date_and_time(unix_s: float) -> bytes:
    """The answer to GetSystemDateAndTime."""
    at = datetime.fromtimestamp(unix_s, tz=UTC)
    time = "".join(
        f"<tt:{name}>{value}</tt:{name}>"
        for name, value in (("Hour", at.hour), ("Minute", at.minute), ("Second", at.second))
    )
    date = "".join(
        f"<tt:{name}>{value}</tt:{name}>"
        for name, value in (("Year", at.year), ("Month", at.month), ("Day", at.day))
    )
    body = (
        "<tds:GetSystemDateAndTimeResponse><tds:SystemDateAndTime>"
        "<tt:DateTimeType>NTP</tt:DateTimeType><tt:UTCDateTime>"
        f"<tt:Time>{time}</tt:Time><tt:Date>{date}</tt:Date>"
        "</tt:UTCDateTime></tds:SystemDateAndTime></tds:GetSystemDateAndTimeResponse>"
    )
    return ENVELOPE.format(body=body).encode()


def device_information(asset: str) -> bytes:
    """The answer to GetDeviceInformation."""
    body = "".join(
        f"<tds:{name}>{value.format(asset=asset)}</tds:{name}>" for name, value in DEVICE.items()
    )
    answer = f"<tds:GetDeviceInformationResponse>{body}</tds:GetDeviceInformationResponse>"
    return ENVELOPE.format(body=answer).encode()


def is_welcome(body: bytes, *, user: str, password: str, unix_s: float) -> bool:
    """Whether a UsernameToken is right, and made just now by the camera's own clock."""
    given = {name: _element(body, name) for name in ("Username", "Password", "Nonce", "Created")}
    try:
        nonce = base64.b64decode(given["Nonce"], validate=True)
        made = datetime.strptime(given["Created"], "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
    except (ValueError, binascii.Error):
        return False
    digest = hashlib.sha1(nonce + given["Created"].encode() + password.encode())  # noqa: S324
    right = hmac.compare_digest(base64.b64encode(digest.digest()), given["Password"].encode())
    return right and given["Username"] == user and abs(made.timestamp() - unix_s) <= SOON_S


def _element(body: bytes, name: str) -> str:
    match = re.search(rf"<(?:\w+:)?{name}(?:\s[^>]*)?>([^<]*)<", body.decode("utf-8", "replace"))
    return match[1] if match else ""
