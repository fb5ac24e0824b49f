"""Every error a person can meet says what is wrong, and where it can, what to do next.

NadiError
├── SettingsError        a settings file is refused; fix it and start again
├── SignedError          a signed document cannot be used
│   ├── Altered          it is not what the authority signed
│   ├── OtherCity        another city's authority signed it
│   ├── OtherGateway     it is for another gateway
│   ├── Expired          its time is over
│   ├── Revoked          whoever signed it was revoked
│   └── Reused           it has served already
└── MessageError         a message from a peer cannot be used
    ├── UnknownVersion   made by a newer or foreign program; not final
    ├── BodyMismatch     the body is not the one its header names; not final
    └── BadMessage       the message is what its sender made, and it is wrong
"""


class NadiError(Exception):
    """One clear sentence, and a hint that is an action."""

    def __init__(self, sentence: str, *, hint: str = "") -> None:
        super().__init__(sentence)
        self.hint = hint


class SettingsError(NadiError):
    """A settings file is refused."""


class SignedError(NadiError):
    """A signed document cannot be used."""


class Altered(SignedError):
    """A document that is not what the authority signed."""


class OtherCity(SignedError):
    """A document that another city's authority signed."""


class OtherGateway(SignedError):
    """A document for another gateway, `theirs`."""

    def __init__(self, sentence: str, *, theirs: str, hint: str = "") -> None:
        super().__init__(sentence, hint=hint)
        self.theirs = theirs


class Expired(SignedError):
    """A document whose time is over."""


class Revoked(SignedError):
    """A document whose signer the city has revoked."""


class Reused(SignedError):
    """A document that has served already."""


class MessageError(NadiError):
    """A message from a peer cannot be used."""


class UnknownVersion(MessageError):
    """A message of a version this program does not read."""


class BodyMismatch(MessageError):
    """A body whose bytes are not the ones its header names."""


class BadMessage(MessageError):
    """A message that is intact and wrong."""
