"""What the OpenAPI description tells of requests that are parsed by posekit itself."""

from __future__ import annotations

from typing import Any

BOX = {"type": "array", "items": {"type": "number"}, "minItems": 4, "maxItems": 4, "description": "x1, y1, x2, y2"}
BOXES = {"type": "array", "items": BOX, "description": "Boxes in pixels of the image; left out, people are looked for."}
OPTIONS = {
    "type": "object",
    "properties": {
        "model": {"type": "string", "description": "Name of a model of /v1/models."},
        "flip_test": {"type": "boolean", "description": "Whether to average with the mirrored image."},
        "max_people": {"type": "integer", "minimum": 1, "description": "Largest number of people in an image."},
    },
}


def parameters(properties: dict[str, dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the parameters of a query."""
    return [
        {"name": name, "in": "query", "required": False, "schema": schema, "description": schema.get("description", "")}
        for name, schema in properties.items()
    ]


def body(content: dict[str, Any]) -> dict[str, Any]:
    """Return the description of a request's body."""
    return {"required": True, "content": {kind: {"schema": schema} for kind, schema in content.items()}}


BYTES = {"type": "string", "format": "binary"}
IMAGE = {"type": "object", "properties": {"data": {"type": "string"}, "name": {"type": "string"}, "boxes": BOXES}}

PREDICT = {
    "parameters": parameters(
        {
            **OPTIONS["properties"],
            "boxes": {"type": "string", "description": "Boxes as JSON."},
            "name": {"type": "string", "description": "Name of an image that is sent as raw bytes."},
        }
    ),
    "requestBody": body(
        {
            "multipart/form-data": {
                "type": "object",
                "properties": {
                    "images": {"type": "array", "items": BYTES},
                    "boxes": {"type": "string", "description": "As JSON: for each image its boxes."},
                    "options": {"type": "string", "description": "As JSON: model, flip_test, max_people."},
                },
                "required": ["images"],
            },
            "application/json": {
                "type": "object",
                "properties": {
                    "images": {"type": "array", "items": {"oneOf": [{"type": "string"}, IMAGE]}},
                    "boxes": {"type": "array", "items": BOXES},
                    "options": OPTIONS,
                },
                "required": ["images"],
            },
            "image/*": BYTES,
        }
    ),
}
VIDEO = {
    "parameters": parameters(
        {
            **OPTIONS["properties"],
            "track": {"type": "boolean", "description": "Whether people get ids that stay; true by default."},
            "draw": {"type": "boolean", "description": "Whether the video is drawn as well; false by default."},
            "thr": {"type": "number", "description": "Score from which keypoints are drawn; 0.3 by default."},
            "name": {"type": "string", "description": "Name of the video, for the results."},
        }
    ),
    "requestBody": body({"video/*": BYTES}),
}
RESULT = {"parameters": parameters({"format": {"type": "string", "enum": ["json", "csv"]}})}
