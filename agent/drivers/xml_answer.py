"""A device's XML answer, read by local names: devices differ in prefixes, some in namespaces."""

from collections.abc import Iterator
from xml.etree import ElementTree

from agent.errors import FrameError

Element = ElementTree.Element


def parse_xml(reply: bytes) -> Element:
    """Its outermost element; raises FrameError. The caller bounds its length."""
    try:
        text = reply.decode()
        if "<!" in text:
            raise FrameError("an XML answer with a document type, which none needs")
        return ElementTree.fromstring(text)  # noqa: S314 bounded UTF-8 without a document type
    except (ElementTree.ParseError, ValueError):
        raise FrameError(f"an answer that is no XML: {reply[:40]!r}") from None


def find_all(root: Element, name: str) -> Iterator[Element]:
    """Every element of that local name, in order."""
    return (one for one in root.iter() if one.tag.rpartition("}")[2] == name)


def find(root: Element, name: str) -> Element | None:
    """The first element of that local name."""
    return next(find_all(root, name), None)


def text_of(root: Element, name: str) -> str:
    """The first one's text on one line, empty where there is none."""
    found = find(root, name)
    return "" if found is None else " ".join((found.text or "").split())
