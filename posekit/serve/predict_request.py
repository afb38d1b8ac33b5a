"""Requests with images, in the three forms that clients may send: multipart, JSON and raw bytes."""

from __future__ import annotations

import base64
import binascii
import json
import math
from collections.abc import AsyncGenerator, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from starlette.datastructures import Headers, UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser

from posekit.console import suggestion
from posekit.serve.limits import Limits
from posekit.serve.request_error import RequestError

MAX_JSON_PARTS = 300_000
"""Number of commas and brackets in JSON; parsed, small parts take far more memory than their text."""

MAX_NAME = 200

IMAGE_FIELDS = ("images", "image", "files", "file")
FORMS = (
    "send images as multipart/form-data (field images), as application/json (base64 in images), or one image as raw "
    "bytes with Content-Type image/jpeg or the like"
)


@dataclass(frozen=True)
class SentImage:
    """An encoded image, its name without folders, and its boxes (N, 4) xyxy, None to look for people."""

    data: bytes
    name: str | None = None
    boxes: np.ndarray | None = None


@dataclass(frozen=True)
class PredictOptions:
    """What a request asks for beside poses.

    Attributes:
        model: name of a served model; None for the first.
        flip_test: whether to average with the mirrored image; None for what the model was evaluated with.
        max_people: number of people in an image, the best by their scores; None for all.
    """

    model: str | None = None
    flip_test: bool | None = None
    max_people: int | None = None


@dataclass(frozen=True)
class PredictRequest:
    """Images and options."""

    images: Sequence[SentImage]
    options: PredictOptions


def parse_options(values: Mapping[str, Any], kind: type[Any] = PredictOptions) -> Any:
    """Return options of a dataclass from JSON values, or from the texts of a query.

    Raises:
        RequestError: if there is no such option, or a value is of another type.
    """
    known = {field.name: field for field in fields(kind)}
    options = {}
    for name, value in values.items():
        if name not in known:
            raise RequestError(400, f"option '{name[:100]}': {suggestion(name[:100], known, otherwise='there are')}")
        if value is not None:
            options[name] = checked_value(name, value, str(known[name].type).partition(" | ")[0])
    return kind(**options)


def checked_value(name: str, value: Any, kind: str) -> Any:
    """Return an option's value, parsed if it is the text of a query.

    Raises:
        RequestError: if it is of another type.
    """
    words = {"bool": "true or false", "int": "a whole number above 0", "float": "a number", "str": "a text"}
    if isinstance(value, str) and kind != "str":
        try:
            value = json.loads(value)
        except (ValueError, RecursionError):
            value = None
    fits = {
        "bool": isinstance(value, bool),
        "int": isinstance(value, int) and not isinstance(value, bool) and value > 0,
        "float": isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value),
        "str": isinstance(value, str),
    }
    if not fits[kind]:
        raise RequestError(400, f"option {name}: expected {words[kind]}")
    return value


def plain_name(name: Any) -> str | None:
    """Return a file's name without folders and control characters; answers repeat it, and no file is opened by it."""
    if not isinstance(name, str):
        return None
    last = name.replace("\\", "/").rpartition("/")[2]
    return "".join(character for character in last if character.isprintable())[:MAX_NAME] or None


async def parse_request(content_type: str, query: Mapping[str, str], body: bytes, limits: Limits) -> PredictRequest:
    """Parse a request by its content type.

    Args:
        content_type: content type of the request.
        query: options, ``boxes`` and, with raw bytes, ``name``.
        body: body of the request.
        limits: bounds of images and boxes.

    Raises:
        RequestError: if it is damaged, or holds too much.
    """
    kind = content_type.partition(";")[0].strip().lower()
    values = dict(query)
    boxes = load_json(values.pop("boxes"), "boxes") if "boxes" in values else None
    if kind == "multipart/form-data":
        sent, values, boxes = await parse_multipart(content_type, body, values, boxes, limits)
    elif kind == "application/json":
        sent, values, boxes = parse_json(body, values, boxes)
    elif kind.startswith("image/") or kind == "application/octet-stream":
        sent = [(plain_name(values.pop("name", None)), body, None)]
    else:
        raise RequestError(415, f"Content-Type '{kind[:100]}': {FORMS}")
    most = min(limits.max_images, limits.max_queue)
    if not 0 < len(sent) <= most:
        raise RequestError(400 if not sent else 413, f"{len(sent)} images: {FORMS}; at most {most}")
    return PredictRequest(with_boxes(sent, boxes, limits), parse_options(values))


Parts = list[tuple[str | None, bytes, Any]]
"""Name, bytes and boxes of each image."""


async def parse_multipart(
    content_type: str, body: bytes, values: dict[str, Any], boxes: Any, limits: Limits
) -> tuple[Parts, dict[str, Any], Any]:
    """Return the images of a form, the options with those of its field ``options``, and its ``boxes``."""

    async def whole() -> AsyncGenerator[bytes]:
        yield body
        yield b""

    parser = MultiPartParser(
        Headers({"content-type": content_type}), whole(), max_files=limits.max_images, max_fields=8,
        max_part_size=limits.max_bytes,
    )  # fmt: skip
    parser.spool_max_size = limits.max_bytes + 1  # never to the disk
    try:
        form = await parser.parse()
    except (MultiPartException, KeyError, UnicodeError) as error:
        raise RequestError(400, f"this is no whole multipart/form-data: {error}") from error
    try:
        sent: Parts = []
        for name, value in form.multi_items():
            if name in IMAGE_FIELDS and isinstance(value, UploadFile):
                sent.append((plain_name(value.filename), await value.read(), None))
            elif name == "boxes" and isinstance(value, str):
                boxes = load_json(value, "boxes")
            elif name == "options" and isinstance(value, str):
                values |= checked_object(load_json(value, "options"), "options")
            else:
                raise RequestError(400, f"field '{name[:100]}': expected files in images, boxes and options as JSON")
    finally:
        await form.close()
    return sent, values, boxes


def parse_json(body: bytes, values: dict[str, Any], boxes: Any) -> tuple[Parts, dict[str, Any], Any]:
    """Return the images of a JSON object, the options with those that it names, and its ``boxes``."""
    content = checked_object(load_json(body, "the request"), "the request")
    if unknown := set(content) - {"images", "boxes", "options"}:
        raise RequestError(400, f"'{min(unknown)[:100]}': there are images, boxes and options")
    images = content.get("images")
    if not isinstance(images, list):
        raise RequestError(400, "images: expected a list of base64 texts, or of objects with data, name and boxes")
    sent: Parts = []
    for number, item in enumerate(images):
        item = {"data": item} if isinstance(item, str) else checked_object(item, f"image {number}")
        if unknown := set(item) - {"data", "name", "boxes"}:
            raise RequestError(400, f"image {number}: '{min(unknown)[:100]}': there are data, name and boxes")
        sent.append((plain_name(item.get("name")), from_base64(item.get("data"), number), item.get("boxes")))
    values |= checked_object(content.get("options") or {}, "options")
    return sent, values, content.get("boxes", boxes)


def load_json(text: str | bytes, what: str) -> Any:
    """Parse JSON.

    Raises:
        RequestError: if it is none, or has too many parts.
    """
    data = text.encode("utf-8", "replace") if isinstance(text, str) else text
    if sum(map(data.count, (b",", b"[", b"{"))) > MAX_JSON_PARTS:
        raise RequestError(413, f"{what}: more than {MAX_JSON_PARTS} values")
    try:
        return json.loads(data)
    except (ValueError, RecursionError) as error:
        raise RequestError(400, f"{what}: no valid JSON ({str(error)[:100]})") from error


def checked_object(value: Any, what: str) -> dict[str, Any]:
    """Return a JSON object.

    Raises:
        RequestError: if it is something else.
    """
    if not isinstance(value, dict):
        raise RequestError(400, f"{what}: expected a JSON object, found {type(value).__name__}")
    return value


def from_base64(text: Any, number: int) -> bytes:
    """Return the bytes of a base64 text or of a ``data:`` URL.

    Raises:
        RequestError: if it is neither.
    """
    if not isinstance(text, str):
        raise RequestError(400, f"image {number}: expected base64 text in data")
    if text.startswith("data:"):
        text = text.partition(",")[2]
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise RequestError(400, f"image {number}: no valid base64 ({error}); URLs and paths are not read") from error


def with_boxes(sent: Parts, boxes: Any, limits: Limits) -> list[SentImage]:
    """Give each image its boxes: its own, or its list of those of the request.

    Raises:
        RequestError: if they are no boxes, too many, or of another number of images.
    """
    if len(sent) == 1 and is_box_list(boxes):
        boxes = [boxes]
    if boxes is not None and (not isinstance(boxes, list) or len(boxes) != len(sent)):
        raise RequestError(400, f"boxes: expected a list of boxes [x1, y1, x2, y2] for each of {len(sent)} images")
    lists = boxes or [None] * len(sent)
    return [
        SentImage(
            data, name, checked_box_list(rows if sent_boxes is None else sent_boxes, name or f"image {number}", limits)
        )
        for number, ((name, data, sent_boxes), rows) in enumerate(zip(sent, lists, strict=True))
    ]


def is_box_list(boxes: Any) -> bool:
    """Whether this is a list of boxes, not of lists of boxes."""
    return isinstance(boxes, list) and all(
        isinstance(box, list) and len(box) == 4 and not isinstance(box[0], list) for box in boxes
    )


def checked_box_list(boxes: Any, where: str, limits: Limits) -> np.ndarray | None:
    """Return boxes (N, 4), None for none.

    Raises:
        RequestError: if they are no lists of four numbers, or too many.
    """
    if boxes is None:
        return None
    numbers = isinstance(boxes, list) and all(
        isinstance(box, list) and len(box) == 4 and all(type(value) in (int, float) for value in box) for box in boxes
    )
    if not numbers:
        raise RequestError(400, f"{where}: boxes: expected lists of four numbers x1, y1, x2, y2 in pixels")
    if len(boxes) > limits.max_boxes:
        raise RequestError(413, f"{where}: {len(boxes)} boxes; at most {limits.max_boxes}")
    try:
        return np.array(boxes, np.float64).reshape(-1, 4)
    except OverflowError as error:
        raise RequestError(400, f"{where}: boxes: {error}") from error
