"""XML files, read without following anything that they refer to."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree


def read_xml(path: Path) -> ElementTree.Element:
    """Parse an XML file.

    Raises:
        FileNotFoundError: if it is not there.
        ValueError: if it is no XML, or defines entities, which could make it grow without end.
    """
    if not path.is_file():
        raise FileNotFoundError(f"{path}: no such file, seen from {Path.cwd()}")
    data = path.read_bytes()
    if b"<!ENTITY" in data or b"<!DOCTYPE" in data:
        raise ValueError(f"{path}: has a DOCTYPE, which labels never need; remove it")
    try:
        return ElementTree.fromstring(data)
    except (ElementTree.ParseError, ValueError, LookupError) as error:
        raise ValueError(f"{path}: no valid XML: {error}; it may be truncated: export it again") from error


def xml_bytes(root: ElementTree.Element) -> bytes:
    """Return XML as it is written to files."""
    ElementTree.indent(root)
    return ElementTree.tostring(root, encoding="utf-8", xml_declaration=True) + b"\n"
