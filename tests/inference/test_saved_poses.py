from __future__ import annotations

import json

import numpy as np
import pytest

from posekit.inference.results import PoseResult
from posekit.inference.saved_poses import SavedPoses
from posekit.tracking import Tracker, median

CORNERS = np.array([[0, 0], [10, 20]], float)


def document(*frames, video="walk.mp4", first=1) -> dict:
    """Frames of persons at places along x, with ids and scores beside them where they are tuples."""
    images = [dict(id=first + t, file_name=video, frame_id=t, width=9, height=9) for t in range(len(frames))]
    rows = []
    for image, people in zip(images, frames, strict=True):
        for x in people:
            points = np.column_stack([CORNERS + np.array([x, 0]), [0.5, 0.5]])
            row = dict(image_id=image["id"], keypoints=points.reshape(-1).tolist(), bbox=[x, 0, 10, 20], mine="stays")
            rows.append(dict(id=100 * first + len(rows), category_id=1, **row))
    return dict(images=images, annotations=rows, categories=[dict(id=1)], info="stays")


@pytest.fixture
def saved(tmp_path):
    def save(content) -> SavedPoses:
        (tmp_path / "predictions.json").write_text(json.dumps(content))
        return SavedPoses(tmp_path / "predictions.json")

    return save


def ids_of(poses: SavedPoses) -> list:
    return [row.get("track_id") for row in poses.content["annotations"]]


def test_ids_are_written_and_all_else_stays(saved, tmp_path):
    content = document([0, 50], [51, 1], [], [3])
    poses = saved(content)
    assert not poses.tracked
    assert poses.track(Tracker) == 2
    poses.write(tmp_path / "out.json")
    written = json.loads((tmp_path / "out.json").read_text())
    assert [row.pop("track_id") for row in written["annotations"]] == [1, 2, 2, 1, 1]
    assert written == content


def test_videos_do_not_share_ids_and_frames_may_stand_in_any_order(saved):
    first, second = document([0], [2]), document([0], [2], video="b.mp4", first=7)
    both = {key: [*second[key], *first[key]] for key in ("images", "annotations", "categories")}
    both["images"].reverse()
    poses = saved(both)
    assert poses.track(Tracker) == 2
    assert ids_of(poses) in ([2, 2, 1, 1], [1, 1, 2, 2])


def test_images_without_frame_numbers_are_frames_in_order(saved):
    content = document([0], [2], [4])
    for image in content["images"]:
        image["file_name"] = f"{image.pop('frame_id')}.jpg"
    poses = saved(content)
    poses.track(Tracker)
    assert ids_of(poses) == [1, 1, 1]


def test_weak_poses_lose_their_old_ids(saved):
    content = document([0])
    content["annotations"][0] |= dict(track_id=4, box_score=0.2)
    poses = saved(content)
    assert poses.tracked
    poses.track(Tracker)
    assert ids_of(poses) == [None]


def test_tracks_are_smoothed_each_by_itself(saved):
    content = document([0, 500], [500, 0], [99, 500], [0, 500])
    for row, identity in zip(content["annotations"], [1, 2, 2, 1, 1, 2, 1, 2], strict=True):
        row["track_id"] = identity
    poses = saved(content)
    assert poses.smooth(median) == 2
    outlier = poses.content["annotations"][4]
    assert outlier["keypoints"] == [0, 0, 0.5, 10, 20, 0.5]
    outlier["keypoints"] = content["annotations"][4]["keypoints"]
    assert poses.content == content


def test_missing_keypoints_stay_unless_filled(saved):
    content = document([0], [1], [2])
    for row in content["annotations"]:
        row["track_id"] = 3
    content["annotations"][1]["keypoints"][:3] = [70, 70, 0.1]
    poses = saved(content)
    poses.smooth(median, min_score=0.1)
    assert poses.content == content
    poses.smooth(median, min_score=0.1, max_gap=1)
    assert poses.content["annotations"][1]["keypoints"] == [1, 0, 0.1, 11, 20, 0.5]


def test_keypoints_in_space_are_smoothed_too(saved):
    content = document([0], [1], [2])
    for z, row in zip([0, 9, 1], content["annotations"], strict=True):
        row |= dict(track_id=1, keypoints_3d=[0, 0, z, 1, 1, 1, 2, 2, 2])
    poses = saved(content)
    poses.smooth(median)
    assert poses.content["annotations"][1]["keypoints_3d"] == [0, 0, 1, 1, 1, 1, 2, 2, 2]


def test_scores_of_boxes_are_saved():
    result = PoseResult(np.zeros((1, 1, 2)), np.ones((1, 1)), dict(keypoint_id2name={0: "a"}), track_ids=np.array([-1]))
    assert "track_id" not in result.to_coco()[0]
    scored = PoseResult(np.zeros((1, 1, 2)), np.ones((1, 1)), {}, box_scores=np.array([0.25]))
    assert scored.to_coco()[0]["box_score"] == 0.25


def damaged(**changes) -> dict:
    content = document([0], [1])
    content["annotations"][0] |= changes
    return content


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ([], "TypeError"),
        (dict(images=[]), "KeyError: 'annotations'"),
        (damaged(keypoints=[1, 2]), "not x, y, score of each"),
        (damaged(keypoints=[1, 2, 3]), "different numbers of keypoints"),
        (damaged(bbox=[1, 2]), "not x, y, width, height"),
        (damaged(image_id=77), "KeyError: 77"),
        ({**document([0]), "images": [dict(id=1, file_name="a")] * 2}, "two images have one id"),
        ({**document([0]), "images": [dict(id=1, file_name="a", frame_id=float("inf"))]}, "OverflowError"),
    ],
)
def test_other_files_are_refused(content, message, saved):
    with pytest.raises(ValueError, match=message):
        saved(content)


def test_one_id_twice_in_a_frame_is_refused(saved):
    content = document([0, 50])
    for row in content["annotations"]:
        row["track_id"] = 1
    with pytest.raises(ValueError, match="track_id 1 occurs twice in a frame"):
        saved(content).smooth(median)


def test_images_are_found_from_another_folder(saved, tmp_path):
    (tmp_path / "walk.mp4").write_bytes(b"")
    content = {**document([0]), "info": {"image_root": str(tmp_path)}}
    content["images"] += [dict(id=9, file_name="rtsp://camera")]
    (tmp_path / "deep").mkdir()
    saved(content).write(tmp_path / "deep" / "out.json")
    written = json.loads((tmp_path / "deep" / "out.json").read_text())
    assert [image["file_name"] for image in written["images"]] == ["../walk.mp4", "rtsp://camera"]
    assert written["info"]["image_root"] == str(tmp_path / "deep")


def test_images_are_found_when_the_file_was_moved(saved, tmp_path):
    (tmp_path / "old").mkdir()
    (tmp_path / "old" / "walk.mp4").write_bytes(b"")
    (tmp_path / "deep").mkdir()
    saved({**document([0]), "info": {"image_root": str(tmp_path / "old")}}).write(tmp_path / "deep" / "out.json")
    written = json.loads((tmp_path / "deep" / "out.json").read_text())
    assert written["images"][0]["file_name"] == "../old/walk.mp4"
