"""Where the drawings and predictions of an inferencer go: files, a window, and the dictionaries that it yields."""

from __future__ import annotations

import contextlib
import json
import os
import sys
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np

from posekit.apis.inferencers.frames import InputFrame, Source
from posekit.apis.inferencers.options import CallOptions
from posekit.array import plain, to_numpy
from posekit.files import require_writable, write_atomically
from posekit.media.image_file import write_image
from posekit.media.video import VideoWriter
from posekit.structures import InstanceData

ESCAPE = 27
INSTEAD = "give vis_out_dir= to write the drawings to files instead"


def instance_rows(instances: InstanceData) -> list[dict[str, Any]]:
    """Return a dictionary of plain numbers for each instance, as MMPose's inferencers do it.

    ``bbox`` is a tuple of one list; ``track_id`` is there in videos with 3D poses.
    """
    rows = []
    for row in range(len(instances)):
        values: dict[str, Any] = {
            "keypoints": plain(to_numpy(instances.keypoints)[row]),
            "keypoint_scores": plain(to_numpy(instances.keypoint_scores)[row]),
        }
        if "bboxes" in instances:
            values["bbox"] = (plain(to_numpy(instances.bboxes)[row]),)
            if "bbox_scores" in instances:
                values["bbox_score"] = float(to_numpy(instances.bbox_scores)[row])
        if "track_ids" in instances:
            values["track_id"] = int(instances.track_ids[row])
        rows.append(values)
    return rows


class Outputs(contextlib.AbstractContextManager["Outputs"]):
    """Writes and shows what an inferencer finds in a source.

    Images give a drawing and a JSON file each; a video gives one of both, the JSON once it is through.

    Args:
        options: options of the call.
        source: what is looked at.

    Attributes:
        stopped: whether somebody pressed the escape key in the window.

    Raises:
        ValueError: if several images are to be drawn to one file, or windows cannot be shown here.
        OSError: if the folders cannot be written to.
    """

    def __init__(self, options: CallOptions, source: Source) -> None:
        self.options, self.source = options, source
        drawings = Path(options.vis_out_dir) if options.vis_out_dir else None
        self.file = drawings if drawings is not None and drawings.suffix else None
        self.folder = drawings.parent if drawings is not None and drawings.suffix else drawings
        if self.file is not None and source.video is None and len(source) > 1:
            raise ValueError(f"vis_out_dir={options.vis_out_dir}: is a file's name, and there are several images")
        for folder in (self.folder, Path(options.pred_out_dir) if options.pred_out_dir else None):
            if folder is not None:
                require_writable(folder, folder=True)
        self.window = Window() if options.show else None
        self.stopped = False
        self.writer: VideoWriter | None = None
        self.frames: list[dict[str, Any]] = []

    def draw(self, frame: InputFrame, drawing: np.ndarray) -> None:
        """Write and show a drawing, BGR."""
        if self.folder is not None:
            if self.source.video is not None:
                if self.writer is None:
                    name = self.file or self.folder / f"{Path(self.source.video).stem}.mp4"
                    self.writer = VideoWriter(name, self.source.fps)
                self.writer.write(drawing)
            else:
                write_image(self.file or self.folder / frame.name, drawing)
        if self.window is not None:
            seconds = None if self.source.video else self.options.wait_time
            self.stopped = self.window.show(frame.name, drawing, seconds)

    def note(self, frame: InputFrame, rows: list[dict[str, Any]]) -> None:
        """Write the predictions of an image, or keep those of a video's frame."""
        if not self.options.pred_out_dir:
            return
        if self.source.video is None:
            self._write(Path(frame.name).stem, rows)
        else:
            self.frames.append({"frame_id": frame.number, "instances": rows})

    def _write(self, name: str, content: Any) -> None:
        text = json.dumps(content, indent=2) + "\n"
        write_atomically(Path(self.options.pred_out_dir) / f"{name}.json", lambda file: file.write(text.encode()))

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if self.writer is not None:
            self.writer.__exit__(kind, error, at)
        if self.options.pred_out_dir and self.source.video is not None and kind is None:
            self._write(Path(self.source.video).stem, self.frames)


class Window:
    """A window on the screen.

    Raises:
        ValueError: if there is no screen here, or OpenCV was built without windows.
    """

    def __init__(self) -> None:
        import cv2

        if sys.platform == "linux" and not (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")):
            raise ValueError(f"show=True: there is no display here ($DISPLAY is not set); {INSTEAD}")
        self.cv2: Any = cv2
        try:
            cv2.namedWindow("posekit")
        except cv2.error as error:
            raise ValueError(
                f"show=True: this OpenCV cannot open windows (opencv-python-headless is built without); {INSTEAD}, or "
                "install opencv-python in its place"
            ) from error

    def show(self, title: str, image: np.ndarray, seconds: float | None) -> bool:
        """Show an image, BGR, for some seconds; 0 waits for a key, None does not wait.

        Returns:
            Whether the escape key was pressed.
        """
        self.cv2.setWindowTitle("posekit", title)
        self.cv2.imshow("posekit", image)
        return self.cv2.waitKey(1 if seconds is None else round(seconds * 1000)) & 0xFF == ESCAPE
