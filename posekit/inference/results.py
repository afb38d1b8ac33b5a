"""What prediction returns for an image."""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, overload

import numpy as np

from posekit.array import to_numpy
from posekit.console import suggestion
from posekit.inference.exports import neutral_json
from posekit.inference.exports.neutral_json import COLUMNS
from posekit.inference.exports.openpose import openpose_frame
from posekit.inference.images import Image, checked_image
from posekit.structures.instance_data import InstanceData
from posekit.structures.pose_data_sample import PoseDataSample

if TYPE_CHECKING:
    from posekit.inference.sequence import PoseSequence


@dataclass(frozen=True, eq=False)
class PoseResult:
    """The poses in one image.

    Shapes: N persons (or other instances), K keypoints.
    Convention: points are (x, y) in image pixels, pixel centres at integers; boxes are xyxy.

    Attributes:
        keypoints: (N, K, 2), or (N, K, 3) with a third coordinate: of models that find a depth, millimetres from the
            root; of lifted poses all three are metres in the camera's axes, relative to the root unless the model
            says where that is.
        scores: (N, K) confidence in each keypoint.
        skeleton: the keypoint set, as ``dataset.metainfo``.
        image_size_wh: width and height of the image in pixels; None where there was none.
        visible: (N, K) probability that each keypoint is visible; None for models that do not tell.
        boxes: (N, 4) the boxes that were looked in, else what the model says, else the boxes of the keypoints; None
            for lifted poses.
        box_scores: (N,) confidence in each person; None where nothing tells.
        track_ids: (N,) identity of each person in a video, -1 for poses of no track; None without tracking.
        file_name: name of the image or video; None where there was no file.
        frame: number of the frame in its video, from 0; None of images.
        time: time of the frame in its video, in seconds; None of images.

    Example:
        >>> import numpy as np
        >>> from posekit.keypoints.skeleton import Skeleton
        >>> result = PoseResult(np.zeros((2, 17, 2)), np.ones((2, 17)), Skeleton.load("coco").metainfo())
        >>> len(result), len(result[:1])
        (2, 1)
        >>> [person["score"] for person in result.to_coco()]
        [1.0, 1.0]
    """

    keypoints: np.ndarray
    scores: np.ndarray
    skeleton: Mapping[str, Any]
    image_size_wh: tuple[int, int] | None = None
    visible: np.ndarray | None = None
    boxes: np.ndarray | None = None
    box_scores: np.ndarray | None = None
    track_ids: np.ndarray | None = None
    file_name: str | None = None
    frame: int | None = None
    time: float | None = None

    @classmethod
    def from_samples(
        cls, samples: Sequence[PoseDataSample], skeleton: Mapping[str, Any], image_size_wh: tuple[int, int] | None
    ) -> PoseResult:
        """Join the predictions of one image's samples."""
        parts = [sample.pred_instances for sample in samples if len(sample.pred_instances)]
        if not parts:
            count = len(skeleton["keypoint_id2name"])
            return cls(np.zeros((0, count, 2), np.float32), np.zeros((0, count), np.float32), skeleton, image_size_wh,
                       boxes=np.zeros((0, 4), np.float32))  # fmt: skip
        keypoints, scores = image_keypoints(parts), column(parts, "keypoint_scores")
        visible = column(parts, "keypoints_visible")
        told = visible is not None and not np.array_equal(visible, scores)  # models without it repeat the scores
        boxes = column(parts, "bboxes")
        return cls(
            keypoints,
            scores,
            skeleton,
            image_size_wh,
            visible=visible if told else None,
            boxes=boxes_of(keypoints, scores) if boxes is None else boxes,
            box_scores=column(parts, "bbox_scores"),
        )

    def __len__(self) -> int:
        return len(self.keypoints)

    def __iter__(self) -> Iterator[PoseResult]:
        """Yield the result of each person."""
        return (self[index] for index in range(len(self)))

    @overload
    def __getitem__(self, index: str) -> np.ndarray: ...
    @overload
    def __getitem__(self, index: int | slice | Sequence[int] | np.ndarray) -> PoseResult: ...
    def __getitem__(self, index: str | int | slice | Sequence[int] | np.ndarray) -> PoseResult | np.ndarray:
        """Return the result of some persons: by number, slice, mask or list of numbers.

        A keypoint's name gives its places (N, 2 or 3) instead.

        Raises:
            IndexError: if there are fewer persons.
            KeyError: if no keypoint has that name.
        """
        if isinstance(index, str):
            return self.keypoints[:, self.row_of(index)]
        if isinstance(index, (int, np.integer)):
            if not -len(self) <= index < len(self):
                raise IndexError(f"PoseResult[{index}]: there are {len(self)} persons")
            index = [int(index)]
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        taken = {name: values[name][index] for name in COLUMNS if values[name] is not None}
        return PoseResult(**{**values, **taken})

    @property
    def names(self) -> list[str]:
        """Names of the keypoints."""
        names = self.skeleton["keypoint_id2name"]
        return [names[i] for i in range(len(names))]

    def row_of(self, name: str) -> int:
        """Return the number of the keypoint of that name.

        Raises:
            KeyError: if there is none; the message suggests names.
        """
        if name not in self.names:
            raise KeyError(f"no keypoint '{name}'; {suggestion(name, self.names, otherwise='there are')}")
        return self.names.index(name)

    def draw(self, image: Image, **style: Any) -> np.ndarray:
        """Return the image with the poses drawn on it, (H, W, 3), uint8, BGR.

        Args:
            image: path, or the pixels (H, W, 3), uint8, BGR.
            style: fields of ``posekit.visualization.draw.PoseStyle``, such as ``thr`` and ``boxes``.

        Raises:
            ValueError: if the poses are lifted to space, which have no place in the image.
        """
        from posekit.visualization.draw import PoseStyle, draw_pose

        if self.is_lifted and len(self):
            raise ValueError("draw: these poses are lifted to space and have no place in the image; use draw_3d")
        return draw_pose(checked_image(image), self.instances(), self.skeleton, style=PoseStyle(**style))

    def draw_3d(
        self, beside: np.ndarray | None = None, *, thr: float = 0.3, turn: float = 20.0, side: float | None = None
    ) -> np.ndarray:
        """Return an image (H, W, 3), uint8, BGR, of each lifted pose in space, eight at most.

        Args:
            beside: image to put on its left, such as the drawing of the same poses in the image.
            thr: keypoints with a lower score are left out.
            turn: direction to look from, in degrees from the camera's.
            side: side of the cube that is shown, in metres; by default it fits the poses.

        Raises:
            ValueError: if the poses are not in space.
        """
        from posekit.visualization.local_visualizer_3d import draw_poses_in_space

        if self.keypoints.shape[-1] != 3:
            raise ValueError("draw_3d: these poses are in the image, not in space; use draw")
        return draw_poses_in_space(self.keypoints, self.scores, self.skeleton, beside, thr=thr, turn=turn, side=side)

    @property
    def is_lifted(self) -> bool:
        """Whether the poses are in space alone, as lifters give them."""
        return self.boxes is None and self.keypoints.shape[-1] == 3

    def instances(self) -> InstanceData:
        """Return the persons under the names that models, metrics and drawing use."""
        names = dict(
            keypoints="keypoints", scores="keypoint_scores", visible="keypoints_visible", boxes="bboxes",
            box_scores="bbox_scores", track_ids="track_ids",
        )  # fmt: skip
        columns = {name: getattr(self, attribute) for attribute, name in names.items()}
        return InstanceData(**{name: values for name, values in columns.items() if values is not None})

    def to_dict(self) -> dict[str, Any]:
        """Return plain lists and numbers: units, keypoint set, the image's size, and each person's values.

        What is not known is left out.
        """
        return {**neutral_json.head_of([self], self.skeleton), **neutral_json.image_of(self)}

    def to_json(self) -> str:
        """Return ``to_dict`` as one line of JSON; ``from_json`` reads it back without loss."""
        return neutral_json.dumps(self.to_dict())

    @classmethod
    def from_json(cls, source: str | Path) -> PoseResult:
        """Read what ``to_json`` wrote, without loss: JSON text, or the file that a ``Path`` names.

        Raises:
            FileNotFoundError: if there is no such file.
            ValueError: if this is no such JSON.
        """
        with neutral_json.reading(source):
            content = neutral_json.read(source)
            if "persons" not in content:
                raise ValueError("these are the images of a sequence; PoseSequence.from_json reads them")
            return cls(**neutral_json.fields_from(content, content, neutral_json.skeleton_from(content)))

    def sequence(self) -> PoseSequence:
        """Return a sequence of this image alone."""
        from posekit.inference.sequence import PoseSequence

        return PoseSequence([self], self.skeleton)

    def to_dataframe(self) -> Any:
        """Return a pandas table, one row for each person; needs pandas."""
        return self.sequence().to_dataframe()

    def to_csv(self) -> str:
        """Return the table as CSV; texts that a spreadsheet would run as a formula begin with an apostrophe."""
        return self.sequence().to_csv()

    def to_parquet(self, path: str | Path) -> None:
        """Write the table as a Parquet file; needs pyarrow."""
        self.sequence().to_parquet(path)

    def to_supervision(self) -> Any:
        """Return the persons as ``supervision.KeyPoints``, all of class 0; needs supervision."""
        key_points = import_module("supervision").KeyPoints
        tracks = {} if self.track_ids is None else {"tracker_id": np.asarray(self.track_ids)}
        scores = np.asarray(self.scores, np.float32)
        # Later versions tell the confidence of keypoints from that of persons.
        parameters = inspect.signature(key_points).parameters
        confidence = "keypoint_confidence" if "keypoint_confidence" in parameters else "confidence"
        xy = np.asarray(self.keypoints[..., :2], np.float32)
        return key_points(xy=xy, class_id=np.zeros(len(self), int), data=tracks, **{confidence: scores})

    def to_slp(self, path: str | Path) -> None:
        """Write the poses as SLEAP's predictions, as ``PoseSequence.to_slp`` does it."""
        self.sequence().to_slp(path)

    def to_dlc(self, path: str | Path) -> None:
        """Write DeepLabCut's table of one row, as ``PoseSequence.to_dlc`` does it."""
        self.sequence().to_dlc(path)

    def to_html3d(self, path: str | Path, *, title: str = "Poses in space") -> None:
        """Write lifted poses as a web page that turns them, as ``PoseSequence.to_html3d`` does it."""
        self.sequence().to_html3d(path, title=title)

    def to_openpose(self) -> dict[str, Any]:
        """Return the persons as the JSON that OpenPose writes for an image."""
        return openpose_frame(self)

    def to_coco(self, *, image_id: int = 1, first_id: int = 1) -> list[dict[str, Any]]:
        """Return the persons as COCO's annotations: x, y, score of each keypoint, boxes as x, y, w, h.

        A person's score is the mean of its keypoints' scores, times that of its box where it is known.

        Where they are known, annotations also have ``keypoints_3d`` (x, y, z of each keypoint), ``visibility``,
        ``box_score`` and ``track_id``.

        Args:
            image_id: id of the image.
            first_id: id of the first annotation; the others follow.
        """
        return [
            {"id": first_id + row, "image_id": image_id, "category_id": 1, **self._annotation(row)}
            for row in range(len(self))
        ]

    def _annotation(self, row: int) -> dict[str, Any]:
        keypoints, scores = self.keypoints[row].astype(np.float64), self.scores[row].astype(np.float64)
        annotation: dict[str, Any] = {}
        annotation["keypoints"] = rounded(np.column_stack([keypoints[:, :2], scores]), 3)
        if self.boxes is not None:
            low, high = self.boxes[row, :2].astype(np.float64), self.boxes[row, 2:4].astype(np.float64)
            annotation["bbox"] = rounded(np.concatenate([low, high - low]), 2)
        certainty = 1.0 if self.box_scores is None else float(self.box_scores[row])
        annotation["score"] = round(float(scores.mean()) * certainty, 4)
        if keypoints.shape[1] > 2:
            annotation["keypoints_3d"] = self.coco_3d(row)
        if self.visible is not None:
            annotation["visibility"] = rounded(self.visible[row].astype(np.float64), 3)
        if self.box_scores is not None:
            annotation["box_score"] = round(float(self.box_scores[row]), 4)
        if self.track_ids is not None and self.track_ids[row] >= 0:
            annotation["track_id"] = int(self.track_ids[row])
        return annotation

    def coco_3d(self, row: int) -> list[float]:
        """Return x, y, z of each of a person's keypoints, one after the other."""
        return rounded(self.keypoints[row].astype(np.float64), 4)


def image_keypoints(parts: Sequence[InstanceData]) -> Any:
    """Return keypoints in image pixels, with what else is known of them, also of models that go on to metres."""
    keypoints, pixels = column(parts, "keypoints"), column(parts, "transformed_keypoints")
    return keypoints if pixels is None else np.concatenate([pixels, keypoints[..., 2:]], axis=-1)


def coco_category(skeleton: Mapping[str, Any]) -> dict[str, Any]:
    """Return a keypoint set as COCO's category 1; its links count from 1."""
    names = skeleton["keypoint_id2name"]
    return {
        "id": 1,
        "name": skeleton.get("dataset_name", ""),
        "keypoints": [names[i] for i in range(len(names))],
        "skeleton": [[int(a) + 1, int(b) + 1] for a, b in skeleton.get("skeleton_links", ())],
    }


def rounded(values: np.ndarray, digits: int) -> list[float]:
    return np.round(values, digits).reshape(-1).tolist()


def column(parts: Sequence[InstanceData], name: str) -> Any:
    """Join a column of several parts; None unless all of them have it."""
    if any(name not in part for part in parts):
        return None
    return np.concatenate([to_numpy(part[name]) for part in parts])


def boxes_of(keypoints: np.ndarray, scores: np.ndarray) -> np.ndarray:
    """Return the boxes (N, 4) around the keypoints that were found, those with a score above 0; else around all."""
    seen = scores > 0
    seen |= ~seen.any(axis=1, keepdims=True)
    xy = keypoints[..., :2]
    low = np.where(seen[..., None], xy, np.inf).min(axis=1)
    high = np.where(seen[..., None], xy, -np.inf).max(axis=1)
    return np.concatenate([low, high], axis=1)


def places_of_persons(results: Sequence[PoseResult]) -> dict[Any, list[tuple[int, int]]]:
    """Return for each person the frames and rows that show it.

    Persons go by their track id, without ids by their place in each frame's result; a pose of no track is a person of
    its own, whose name is its place.
    """
    places: dict[Any, list[tuple[int, int]]] = {}
    for frame, result in enumerate(results):
        names = range(len(result)) if result.track_ids is None else result.track_ids.tolist()
        for row, name in enumerate(names):
            places.setdefault(name if name >= 0 else (frame, row), []).append((frame, row))
    return places
