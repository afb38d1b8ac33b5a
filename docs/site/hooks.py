"""What the site changes in a page: links to files outside of ``docs`` become the plain names of those files."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
LINK = re.compile(r"(?<!!)\[([^\]]+)\]\((?!\w+:)([^)#\s]+)(?:#[^)]*)?\)")


def on_page_markdown(markdown: str, page: Any, **_: Any) -> str:
    """Unlink what the site does not hold. MkDocs calls this for every page."""
    folder = (ROOT / page.file.src_path).parent

    def unlinked(match: re.Match[str]) -> str:
        inside = (folder / match[2]).resolve().is_relative_to(ROOT)
        return match[0] if inside else match[1]

    return LINK.sub(unlinked, markdown)
