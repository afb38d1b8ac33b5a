"""XML and YAML files, read without running or following anything in them."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import Any
from xml.etree import ElementTree
from xml.parsers import expat

from posekit.files import write_atomically
from posekit.labels.place import Place, read_text


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
        return ElementTree.fromstring(data)  # noqa: S314 - no DOCTYPE, hence no entities
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


def read_yaml(path: Path) -> dict[str, Any]:
    """Parse a YAML file whose outermost value has keys.

    Raises:
        FileNotFoundError: if it is not there.
        ModuleNotFoundError: if PyYAML is not installed.
        ValueError: if it is no YAML or another value; the message names line and column.
    """
    import yaml

    text = read_text(path)
    try:
        value = yaml.safe_load(text)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        where = f" at line {mark.line + 1}, column {mark.column + 1}" if mark else ""
        raise ValueError(f"{path}: no valid YAML: {error.problem}{where}; correct the file") from error
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        raise ValueError(f"{path}: no valid YAML: {str(error).splitlines()[0]}; correct the file") from error
    return Place(path).dict(value)


def write_yaml(value: dict[str, Any], path: Path) -> None:
    """Write a YAML file, keys in their order."""
    import yaml

    text = yaml.safe_dump(value, sort_keys=False, allow_unicode=True, default_flow_style=None, width=100)
    write_atomically(path, lambda file: file.write(text.encode()))
