"""The poses of a video, or of any row of images."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from posekit.files import write_atomically
from posekit.inference.exports import neutral_json
from posekit.inference.exports.deeplabcut import write_deeplabcut
from posekit.inference.exports.openpose import openpose_frame
from posekit.inference.exports.poses_3d_page import poses_3d_page
from posekit.inference.exports.sleap import write_sleap
from posekit.inference.exports.table import table_of, to_csv, to_dataframe, write_parquet
from posekit.inference.exports.trc import trc_text
from posekit.inference.results import PoseResult, places_of_persons

if TYPE_CHECKING:
    from posekit.tracking import Tracker


@dataclass(frozen=True, eq=False)
class PoseSequence:
    """The results of a video's frames, or of images, in order.

    Attributes:
        results: one for each frame.
        skeleton: the keypoint set, as ``dataset.metainfo``.
        fps: frames per second; None where they are no video.
        model: name of what found the poses.
        model_sha256: hash of its file.

    Example:
        >>> import numpy as np
        >>> from posekit.keypoints.skeleton import Skeleton
        >>> skeleton = Skeleton.load("coco").metainfo()
        >>> frames = [PoseResult(np.zeros((1, 17, 2)), np.ones((1, 17)), skeleton, frame=number) for number in range(3)]
        >>> sequence = PoseSequence(frames, skeleton, fps=25.0)
        >>> len(PoseSequence.from_json(sequence.to_json()))
        3
    """

    results: Sequence[PoseResult]
    skeleton: Mapping[str, Any]
    fps: float | None = None
    model: str | None = None
    model_sha256: str | None = None

    @classmethod
    def from_json(cls, source: str | Path) -> PoseSequence:
        """Read what ``to_json`` wrote, without loss: JSON text, or the file that a ``Path`` names.

        Raises:
            FileNotFoundError: if there is no such file.
            ValueError: if this is no such JSON.
        """
        with neutral_json.reading(source):
            head = neutral_json.read(source)
            if "images" not in head:
                raise ValueError("this is one image's; PoseResult.from_json reads it")
            skeleton = neutral_json.skeleton_from(head)
            results = [PoseResult(**neutral_json.fields_from(image, head, skeleton)) for image in head["images"]]
        return cls(results, skeleton, head.get("fps"), head.get("model"), head.get("model_sha256"))

    def __len__(self) -> int:
        return len(self.results)

    def __iter__(self) -> Iterator[PoseResult]:
        return iter(self.results)

    def __getitem__(self, index: int) -> PoseResult:
        return self.results[index]

    @property
    def names(self) -> list[str]:
        """Names of the keypoints."""
        names = self.skeleton["keypoint_id2name"]
        return [names[i] for i in range(len(names))]

    def tracked(self, tracker: Tracker | None = None) -> PoseSequence:
        """Return the sequence with the ids that a tracker gives, by default ``Tracker()``."""
        from posekit.tracking import Tracker

        follower = tracker or Tracker()
        return replace(self, results=[replace(result, track_ids=follower.update(result)) for result in self.results])

    def tracks(self) -> dict[int, np.ndarray]:
        """Return each person's keypoints (T, K, 2 or 3), NaN in frames without the person.

        Persons go by their track id, without ids by their place in each frame's result; poses of no track are left
        out.
        """
        axes = max((result.keypoints.shape[-1] for result in self.results if len(result)), default=2)
        tracks: dict[int, np.ndarray] = {}
        for name, places in places_of_persons(self.results).items():
            if isinstance(name, int):
                tracks[name] = np.full((len(self), len(self.names), axes), np.nan)
                for frame, row in places:
                    tracks[name][frame] = self.results[frame].keypoints[row]
        return tracks

    def to_dict(self) -> dict[str, Any]:
        """Return plain lists and numbers: units, keypoint set, model, and the persons of each image."""
        about = {"fps": self.fps, "model": self.model, "model_sha256": self.model_sha256}
        images = [neutral_json.image_of(result) for result in self.results]
        return {**neutral_json.head_of(self.results, self.skeleton), **about, "images": images}

    def to_json(self) -> str:
        """Return ``to_dict`` as one line of JSON; ``from_json`` reads it back without loss."""
        return neutral_json.dumps(self.to_dict())

    def to_dataframe(self) -> Any:
        """Return a pandas table, one row for each person in each image; needs pandas."""
        return to_dataframe(table_of(self.results, self.skeleton))

    def to_csv(self) -> str:
        """Return the table as CSV; texts that a spreadsheet would run as a formula begin with an apostrophe."""
        return to_csv(table_of(self.results, self.skeleton))

    def to_parquet(self, path: str | Path) -> None:
        """Write the table as a Parquet file; needs pyarrow."""
        table = table_of(self.results, self.skeleton)
        write_atomically(Path(path), lambda file: write_parquet(table, file))

    def to_openpose(self) -> list[dict[str, Any]]:
        """Return each frame's persons as the JSON that OpenPose writes."""
        return [openpose_frame(result) for result in self.results]

    def to_coco(self) -> dict[str, Any]:
        """Return a COCO document: images, their persons as annotations, and the category."""
        from posekit.inference.coco_document import CocoDocument

        file = io.BytesIO()
        with CocoDocument(file, self.skeleton, Path()) as document:
            for result in self.results:
                document.add(result)
        return json.loads(file.getvalue())

    def to_supervision(self) -> list[Any]:
        """Return each frame's persons as ``supervision.KeyPoints``; needs supervision."""
        return [result.to_supervision() for result in self.results]

    def to_slp(self, path: str | Path) -> None:
        """Write the poses as SLEAP's predictions; needs sleap-io.

        Raises:
            ValueError: if the results have no ``file_name``, or are in space.
        """
        write_sleap(self.results, self.skeleton, Path(path))

    def to_dlc(self, path: str | Path) -> None:
        """Write the table that DeepLabCut writes of a video, .csv or, with pandas and tables, .h5.

        Raises:
            ValueError: if the poses are in space, or the file has another ending.
        """
        write_deeplabcut(self.results, self.skeleton, Path(path))

    def to_html3d(self, path: str | Path, *, title: str = "Poses in space") -> None:
        """Write lifted poses as a web page that turns them; it needs no other file.

        Raises:
            ValueError: if the poses are not in space.
        """
        text = poses_3d_page(self.results, self.skeleton, fps=self.fps, title=title)
        write_atomically(Path(path), lambda file: file.write(text.encode()))

    def to_trc(self, path: str | Path) -> list[Path]:
        """Write TRC files, one for each person, and return their paths; needs a frame rate.

        One person goes to ``path`` itself, several to NAME_ID.trc beside it.

        Raises:
            ValueError: if the sequence has no ``fps``.
        """
        if not self.fps:
            raise ValueError("TRC files tell the time of each frame, and these images have no frame rate; set fps")
        path, tracks = Path(path), self.tracks()
        paths = {name: path if len(tracks) == 1 else path.with_name(f"{path.stem}_{name}.trc") for name in tracks}
        units = neutral_json.units_of(next((result for result in self.results if len(result)), None))["keypoints"][0]
        for name, points in tracks.items():
            target = paths[name]
            text = trc_text(points, self.names, fps=self.fps, units=units, file_name=target.name)
            write_atomically(target, lambda file, text=text: file.write(text.encode()))
        return list(paths.values())
