"""2D poses of several frames, arranged for lifters as MMPose's functions do it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from posekit.apis.person_window import person_window
from posekit.inference.lifted_keypoints import lifted_keypoints
from posekit.structures import InstanceData, PoseDataSample

Frames = Sequence[Sequence[PoseDataSample]]


def collect_multi_frames(video: Any, frame_id: int, indices: Sequence[int], online: bool = False) -> list[Any]:
    """Return a frame of a video, and after it those at some distances from it.

    Args:
        video: sequence of frames, such as a list of arrays.
        frame_id: number of the frame.
        indices: distances in frames; 0 is left out. What would lie beyond an end is the frame at that end.
        online: whether the frame itself is the last one that may be seen.
    """
    last = frame_id if online else len(video) - 1
    others = [min(max(frame_id + distance, 0), last) for distance in indices if distance != 0]
    return [video[frame_id], *(video[number] for number in others)]


def extract_pose_sequence(
    pose_results: Frames, frame_idx: int, causal: bool, seq_len: int, step: int = 1
) -> list[Sequence[PoseDataSample]]:
    """Return the persons of the frames that a lifter sees for one frame.

    Args:
        pose_results: persons of each frame of the video.
        frame_idx: number of the frame.
        causal: whether it is the last of the frames, else the one in their middle.
        seq_len: number of frames; beyond the ends of the video its first or last frame is repeated.
        step: frames from one of them to the next.
    """
    before = seq_len - 1 if causal else (seq_len - 1) // 2
    after = 0 if causal else before
    numbers = np.clip(frame_idx + np.arange(-before, after + 1) * step, -1, len(pose_results))
    padded = [*pose_results, pose_results[-1], pose_results[0]]  # number len is the end, -1 the begin
    return [padded[number] for number in numbers.tolist()]


def collate_pose_sequence(
    pose_results_2d: Frames, with_track_id: bool = True, target_frame: int = -1
) -> list[PoseDataSample]:
    """Return a sample for each person of one frame, with the person's keypoints in all frames.

    Args:
        pose_results_2d: persons of each frame, one sample each, with ``pred_instances.keypoints`` (1, K, 2).
        with_track_id: whether persons are followed by the samples' ``track_id``; else by their place in the frame.
        target_frame: number of the frame.

    Returns:
        Samples whose ``pred_instances.keypoints`` are (1, T, K, 2); where a person is missing, they are those of the
        nearest frame that shows it.

    Raises:
        ValueError: if there are no frames, a sample lacks its ``track_id``, or frames have other numbers of persons.
    """
    frames = [list(frame) for frame in pose_results_2d]
    if not frames:
        raise ValueError("pose_results_2d: is empty; give the persons of each frame")
    at = range(len(frames))[target_frame]
    sequences = []
    for row, person in enumerate(frames[at]):
        keypoints = person_window(frames, at, row, with_track_id, None)[None]
        others = {name: person.pred_instances[name] for name in person.pred_instances.keys() if name != "keypoints"}  # noqa: SIM118
        sample = PoseDataSample(metainfo=person.metainfo)
        sample.pred_instances = InstanceData(keypoints=keypoints, **others)
        sequences.append(sample)
    return sequences


def convert_keypoint_definition(keypoints: np.ndarray, pose_det_dataset: str, pose_lift_dataset: str) -> np.ndarray:
    """Return keypoints in the order of a lifter's set.

    Args:
        keypoints: (N, K, 2 or 3).
        pose_det_dataset: name of the keypoint set that they are of, such as coco.
        pose_lift_dataset: name of the lifter's, such as h36m.

    Raises:
        ValueError: if there is no such set, or the lifter's joints cannot be made of the keypoints.
    """
    from posekit.keypoints.skeleton import Skeleton

    source, target = (Skeleton.load(name).metainfo() for name in (pose_det_dataset, pose_lift_dataset))
    if keypoints.shape[1] != len(source["keypoint_id2name"]):
        count = len(source["keypoint_id2name"])
        raise ValueError(
            f"keypoints {keypoints.shape}: '{pose_det_dataset}' has {count}; expected (N, {count}, 2 or 3)"
        )
    return lifted_keypoints(keypoints, np.ones(keypoints.shape[:2], keypoints.dtype), source, target)[0]
