"""The files of the pages, which come with posekit."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from fastapi.responses import Response

from posekit.serve.request_error import RequestError

FOLDER = Path(__file__).parent / "page"
MEDIA_TYPES = {".html": "text/html", ".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}


@cache
def page_files() -> dict[str, Path]:
    """Return the files by name; clients get these and no others."""
    return {path.name: path for path in FOLDER.iterdir() if path.suffix in MEDIA_TYPES}


def response(name: str) -> Response:
    """Return a file as the answer to a request.

    Raises:
        RequestError: if the pages have no such file.
    """
    path = page_files().get(name)
    if path is None:
        raise RequestError(404, f"the page has no file '{name[:100]}'")
    headers = {"Cache-Control": "no-cache"}
    return Response(path.read_bytes(), media_type=MEDIA_TYPES[path.suffix], headers=headers)
