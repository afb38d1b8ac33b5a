"""XML files, read without following anything that they refer to."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from xml.etree import ElementTree
from xml.parsers import expat


def read_xml(path: Path) -> ElementTree.Element:
    """Parse an XML file.

    Raises:
        FileNotFoundError: if it is not there.
        ValueError: if it is no XML, or defines entities, which could make it grow without end.
    """
    if not path.is_file():
        raise FileNotFoundError(f"{path}: no such file, seen from {Path.cwd()}")
    data = path.read_bytes()
    if has_doctype(data):
        raise ValueError(f"{path}: has a DOCTYPE, which labels never need; remove it")
    try:
        return ElementTree.fromstring(data)
    except (ElementTree.ParseError, ValueError, LookupError) as error:
        raise ValueError(f"{path}: no valid XML: {error}; it may be truncated: export it again") from error


def has_doctype(data: bytes) -> bool:
    """Whether an XML document, in whatever encoding, declares its type, and with it perhaps entities."""
    declared: list[bool] = []

    def stop(*_: object) -> None:
        declared.append(True)
        raise ValueError

    parser = expat.ParserCreate()
    parser.StartDoctypeDeclHandler = stop
    with suppress(expat.ExpatError, ValueError, LookupError):  # who parses it next tells what is wrong
        parser.Parse(data, True)
    return bool(declared)


def xml_bytes(root: ElementTree.Element) -> bytes:
    """Return XML as it is written to files."""
    ElementTree.indent(root)
    return ElementTree.tostring(root, encoding="utf-8", xml_declaration=True) + b"\n"
