"""The results of a job, written one by one: whatever stops the job, all that was found is in the file.

Each line is a JSON object of one key: ``job`` (the options), ``head`` (what the next frames have in common), ``source``
(where the next frames come from), ``frame`` (the poses of one), ``end`` (the source is done, or why it failed), and
``drop`` (sources whose lines above do not count any more).
"""

from __future__ import annotations

import json
import os
from collections.abc import Container, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, BinaryIO

from posekit.inference.exports import neutral_json
from posekit.inference.pipeline import Frame
from posekit.inference.results import PoseResult
from posekit.media.sources import Source

VERSION = 1
DROP, SOURCE = b'{"drop"', b'{"source"'


@dataclass
class SavedSource:
    """What a journal says of a source.

    Attributes:
        place: as it was named.
        name: under which its drawing is written.
        fps: frames per second; None if it is no video.
        drawing: file of its drawing, None if there is none.
        count: number of its frames.
        state: None while it is unfinished, else ``""`` or why it failed.
    """

    place: str
    name: str
    fps: float | None
    drawing: str | None
    count: int = 0
    state: str | None = None


def key_of(place: str) -> str:
    """Return the name of a source that does not depend on the working directory."""
    return str(Path(place).absolute()) if Path(place).exists() else place


@dataclass
class Journal:
    """Notes results in a file.

    Args:
        file: open for reading and writing; new lines go to its end.
    """

    file: BinaryIO
    head: dict[str, Any] | None = None
    current: str | None = None
    errors: dict[str, str] = field(default_factory=dict)

    def begin(self, options: Mapping[str, Any]) -> None:
        """Write the options of a new job."""
        self._write(job={"version": VERSION, "options": dict(options)})

    def enter(self, frame: Frame, drawing: str | None = None) -> None:
        """Note where a frame comes from, if that is news, and the file of its drawing, before there is one."""
        source, key = frame.source, key_of(frame.source.place)
        if self.current != key:
            fps = None if frame.is_end else source.fps
            self._write(source={"place": source.place, "key": key, "name": source.name, "fps": fps, "drawing": drawing})
            self.current = key

    def take(self, frame: Frame) -> None:
        """Note a frame, or the end of its source.

        Raises:
            OSError: if the file cannot be written.
        """
        key = key_of(frame.source.place)
        if frame.error is not None:
            self.errors.setdefault(key, str(frame.error))
        if frame.is_end:
            self._write(end=self.errors.get(key, ""))
            self.current = None
        elif frame.result is not None and not frame.saved:
            self._note(placed(frame.result, frame.source, frame.number))

    def _note(self, result: PoseResult) -> None:
        head = neutral_json.head_of([result], result.skeleton)
        if not len(result) and self.head is not None:  # the types of no persons are no news
            head = self.head
        if head != self.head:
            self._write(head=head)
            self.head = head
        self._write(frame=neutral_json.image_of(result))

    def _write(self, **entry: Any) -> None:
        self.file.seek(0, os.SEEK_END)
        self.file.write(json.dumps(entry, allow_nan=False).encode() + b"\n")
        self.file.flush()

    def lines(self) -> Iterator[tuple[int, bytes]]:
        """Yield place and content of each whole line."""
        start = 0
        self.file.seek(start)
        while (line := self.file.readline()).endswith(b"\n"):
            yield start, line
            start += len(line)

    def entries(self) -> Iterator[tuple[str, Any]]:
        """Yield kind and content of each line that counts."""
        dropped = {
            key: start for start, line in self.lines() if line.startswith(DROP) for key in json.loads(line)["drop"]
        }
        key = ""
        for start, line in self.lines():
            ((kind, content),) = json.loads(line).items()
            key = content["key"] if kind == "source" else key
            if kind in ("job", "head") or (kind != "drop" and start > dropped.get(key, -1)):
                yield kind, content

    def go_on(self, dropped: Iterable[str]) -> None:
        """Prepare to append to what an earlier run left: forget some of its sources, and a line that is cut off."""
        whole = max((start + len(line) for start, line in self.lines()), default=0)
        self.file.truncate(whole)
        if keys := list(dropped):
            self._write(drop=keys)

    def frames(self) -> Iterator[tuple[SavedSource, PoseResult]]:
        """Yield the results of all frames, and what they come from."""
        head: dict[str, Any] = {}
        skeleton: dict[str, Any] = {}
        source = SavedSource("", "", None, None)
        for kind, content in self.entries():
            if kind == "head":
                head, skeleton = content, neutral_json.skeleton_from(content)
            elif kind == "source":
                source = saved_source(content)
            elif kind == "frame":
                yield source, PoseResult(**neutral_json.fields_from(content, head, skeleton))

    def sources(self) -> dict[str, SavedSource]:
        """Return what is known of each source, by ``key_of`` its place."""
        sources: dict[str, SavedSource] = {}
        key = ""
        for kind, content in self.entries():
            if kind == "source":
                key = content["key"]
                sources.setdefault(key, saved_source(content))
            elif kind == "frame":
                sources[key].count += 1
            elif kind == "end":
                sources[key].state = content
        return sources

    def drawings(self) -> dict[str, str | None]:
        """Return the file of each source's drawing, those of forgotten sources too."""
        lines = (json.loads(line) for _, line in self.lines() if line.startswith(SOURCE))
        return {content["source"]["key"]: content["source"]["drawing"] for content in lines}

    def options(self) -> dict[str, Any] | None:
        """Return the options of the job; None if the file is no journal of this version."""
        kind, content = next(self.entries(), ("", {}))
        return content["options"] if kind == "job" and content.get("version") == VERSION else None

    def begun(self, keys: Container[str]) -> dict[str, list[PoseResult]]:
        """Return the results of some sources, by ``key_of`` their places."""
        results: dict[str, list[PoseResult]] = {}
        for source, result in self.frames():
            if (key := key_of(source.place)) in keys:
                results.setdefault(key, []).append(result)
        return results


def saved_source(content: Mapping[str, Any]) -> SavedSource:
    return SavedSource(*(content[name] for name in ("place", "name", "fps", "drawing")))


def placed(result: PoseResult, source: Source, number: int) -> PoseResult:
    """Return a result that tells where it comes from."""
    if not source.fps:
        return replace(result, file_name=source.place or None)
    return replace(result, file_name=source.place or None, frame=number, time=number / source.fps)
