from __future__ import annotations

import csv
import io
import json
from dataclasses import fields, replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from posekit.inference.results import PoseResult, places_of_persons
from posekit.inference.sequence import PoseSequence
from posekit.keypoints.skeleton import Skeleton
from posekit.media.image_file import write_image

SET = dict(dataset_name="two", keypoint_id2name={0: "low", 1: "=high"}, skeleton_links=[[0, 1]])
POINTS = np.array([[[1, 2], [5, 9]], [[3, 3], [4, 8.1]]], np.float32)
SCORES = np.array([[0.5, 0.75], [0, 1]], np.float32)
BOXES = np.array([[0, 0, 10, 10], [1, 1, 9, 9]], np.float32)


def result(rows=slice(None), **columns) -> PoseResult:
    values = dict(skeleton=SET, image_size_wh=(20, 10), boxes=BOXES[rows]) | columns
    return PoseResult(POINTS[rows], SCORES[rows], **values)


def video() -> PoseSequence:
    """Two persons, then the second alone, then nobody."""
    ids = (np.array([5, 9]), np.array([9]), np.zeros(0, int))
    rows = (slice(None), slice(1, 2), slice(0, 0))
    frames = [
        result(row, track_ids=i, file_name="-walk.mp4", frame=t, time=t / 10)
        for t, (row, i) in enumerate(zip(rows, ids, strict=True))
    ]
    return PoseSequence(frames, SET, fps=10.0, model="tiny", model_sha256="ab")


def assert_same(first: PoseResult, second: PoseResult) -> None:
    for field in fields(PoseResult):
        a, b = getattr(first, field.name), getattr(second, field.name)
        if isinstance(a, np.ndarray):
            assert a.dtype == b.dtype
            np.testing.assert_array_equal(a, b)
        elif field.name == "skeleton":
            assert a.keys() == b.keys()
            for key in a:
                np.testing.assert_equal(b[key], a[key])
                assert type(a[key]) is type(b[key])
        else:
            assert a == b


def test_persons_go_by_track_id_and_by_place():
    assert list(places_of_persons(video().results).values()) == [[(0, 0)], [(0, 1), (1, 0)]]
    assert list(places_of_persons([result(), result()]).values()) == [[(0, 0), (1, 0)], [(0, 1), (1, 1)]]
    strangers = result(track_ids=np.array([-1, -1]))
    assert places_of_persons([strangers]) == {(0, 0): [(0, 0)], (0, 1): [(0, 1)]}


def test_tracks_are_missing_where_the_person_is():
    tracks = video().tracks()
    assert list(tracks) == [5, 9]
    np.testing.assert_array_equal(tracks[5], [POINTS[0], np.full((2, 2), np.nan), np.full((2, 2), np.nan)])
    np.testing.assert_array_equal(tracks[9][:2], [POINTS[1]] * 2)


def test_ids_are_given_frame_by_frame():
    frames = PoseSequence([result(), result([1, 0]), result(slice(0, 0))], SET)
    assert [frame.track_ids.tolist() for frame in frames.tracked()] == [[1, 2], [2, 1], []]


@pytest.mark.parametrize("columns", [{}, dict(visible=SCORES), dict(box_scores=SCORES[0]), dict(boxes=None)])
def test_json_of_an_image_reads_back_without_loss(columns, tmp_path):
    image = result(**columns)
    assert_same(image, PoseResult.from_json(image.to_json()))
    (tmp_path / "a.json").write_text(image.to_json())
    assert_same(image, PoseResult.from_json(tmp_path / "a.json"))


def test_json_of_a_video_reads_back_without_loss():
    before, after = video(), PoseSequence.from_json(video().to_json())
    assert (after.fps, after.model, after.model_sha256, len(after)) == (10, "tiny", "ab", 3)
    for a, b in zip(before, after, strict=True):
        assert_same(a, b)
    content = before.to_dict()
    assert content["units"] == dict(keypoints=["px", "px"], boxes="px", time="s")
    assert content["keypoint_names"] == ["low", "=high"]


def test_json_keeps_what_only_some_images_have():
    mixed = [result(), result(track_ids=np.array([1, 2])), result(slice(0, 0), track_ids=np.zeros(0, int))]
    for a, b in zip(mixed, PoseSequence.from_json(PoseSequence(mixed, SET).to_json()), strict=True):
        assert_same(a, b)


@pytest.mark.parametrize("name", ["coco", "h36m"])
def test_json_keeps_keypoint_sets_whole(name):
    skeleton = Skeleton.load(name).metainfo()
    nobody = PoseResult(np.zeros((0, 17, 2), np.float32), np.zeros((0, 17), np.float32), skeleton)
    again = PoseSequence.from_json(PoseSequence([nobody], skeleton).to_json())
    assert_same(nobody, again[0])
    assert len(PoseSequence.from_json(PoseSequence([], skeleton).to_json())) == 0


@pytest.mark.parametrize("axes", [2, 3])
@settings(deadline=None)
@given(number=st.floats(width=32, allow_infinity=False), score=st.floats(0, 1))
def test_json_keeps_every_number(axes, number, score):
    points, scores = np.full((3, 2, axes), number, np.float32), np.full((3, 2), score)
    poses = PoseResult(points, scores, SET, track_ids=np.array([3, -1, 2], np.int32))
    assert_same(poses, PoseResult.from_json(poses.to_json()))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "no valid JSON"),
        ("[]", "expected an object with 'format': 'posekit poses'"),
        ('{"images": [], "annotations": []}', "COCO"),
        ('{"format": "posekit poses", "version": 9}', "version 9; this posekit reads version 1"),
        ('{"format": "posekit poses", "version": 1, "dtypes": {}}', "has no skeleton and no dimensions"),
        (result().to_json(), "PoseResult.from_json"),
    ],
)
def test_other_json_is_refused(text, message):
    with pytest.raises(ValueError, match=message):
        PoseSequence.from_json(text)


def test_persons_that_do_not_fit_are_refused():
    content = result().to_dict()
    del content["persons"][0]["keypoints"]
    with pytest.raises(ValueError, match="keypoints of an image's persons are not 2 times"):
        PoseResult.from_json(json.dumps(content))
    content = result().to_dict()
    content["persons"][1]["scores"] = [1]
    with pytest.raises(ValueError, match="scores of an image's persons"):
        PoseResult.from_json(json.dumps(content))
    with pytest.raises(ValueError, match=r"PoseSequence\.from_json"):
        PoseResult.from_json(video().to_json())


HEADER = ["image", "frame", "time", "person", "track_id", "score", "box_score", "box_x1", "box_y1", "box_x2", "box_y2",
          "low_x", "low_y", "low_score", "'=high_x", "'=high_y", "'=high_score"]  # fmt: skip


def test_csv():
    rows = list(csv.reader(io.StringIO(video().to_csv())))
    assert rows[0] == HEADER
    assert rows[1][:7] == ["'-walk.mp4", "0", "0.0", "0", "5", "0.625", ""]
    assert rows[3] == [
        "'-walk.mp4", "1", "0.1", "0", "9", "0.5", "", "1.0", "1.0", "9.0", "9.0", "3.0", "3.0", "0.0", "4.0", "8.1",
        "1.0",
    ]  # fmt: skip
    assert len(rows) == 4
    still = list(csv.reader(io.StringIO(result(boxes=None).to_csv())))
    assert still[1][:8] == ["", "", "", "0", "", "0.625", "", ""]
    assert result(slice(0, 0)).to_csv().splitlines() == [",".join(HEADER)]


def test_negative_numbers_stay_numbers():
    points = PoseResult(-POINTS, SCORES, SET)
    assert list(csv.reader(io.StringIO(points.to_csv())))[1][11] == "-1.0"


def test_dataframe():
    pytest.importorskip("pandas")
    frame = video().to_dataframe()
    assert frame.columns.tolist() == [name.removeprefix("'") for name in HEADER]
    assert frame["track_id"].tolist() == [5, 9, 9]
    assert frame["=high_y"].tolist() == POINTS[[0, 1, 1], 1, 1].tolist()
    assert frame["box_score"].isna().all()
    assert result(boxes=None).to_dataframe()["frame"].isna().all()
    assert len(result(slice(0, 0)).to_dataframe()) == 0


def test_parquet(tmp_path):
    parquet = pytest.importorskip("pyarrow.parquet")
    video().to_parquet(tmp_path / "a.parquet")
    table = parquet.read_table(tmp_path / "a.parquet").to_pydict()
    assert (table["frame"], table["track_id"], table["box_score"]) == ([0, 0, 1], [5, 9, 9], [None] * 3)
    assert table["low_x"] == [1, 3, 3]
    result(visible=SCORES).to_parquet(tmp_path / "b.parquet")
    assert parquet.read_table(tmp_path / "b.parquet").to_pydict()["low_visible"] == [0.5, 0]


def test_openpose():
    flat, empty = video().to_openpose()[0], video().to_openpose()[2]
    assert flat["people"][1]["person_id"] == [9]
    assert flat["people"][0]["pose_keypoints_2d"] == [1, 2, 0.5, 5, 9, 0.75]
    assert empty == dict(version=1.3, people=[])
    points = np.concatenate([POINTS, np.ones((2, 2, 1))], -1)
    points[0, 1] = np.nan
    deep = PoseResult(points, SCORES, SET, boxes=BOXES).to_openpose()["people"][0]
    assert deep["pose_keypoints_2d"] == [1, 2, 0.5, 0, 0, 0]
    assert deep["pose_keypoints_3d"] == [1, 2, 1, 0.5, 0, 0, 0, 0]
    assert PoseResult(points, SCORES, SET).to_openpose()["people"][0]["pose_keypoints_2d"] == []


def test_trc(tmp_path):
    assert video().to_trc(tmp_path / "a.trc") == [tmp_path / "a_5.trc", tmp_path / "a_9.trc"]
    lines = [line.split("\t") for line in (tmp_path / "a_9.trc").read_text().splitlines()]
    assert lines[0] == ["PathFileType", "4", "(X/Y/Z)", "a_9.trc"]
    assert lines[2] == ["10", "10", "3", "2", "px", "10", "1", "3"]
    assert lines[3] == ["Frame#", "Time", "low", "", "", "=high", "", ""]
    assert lines[4] == ["", "", "X1", "Y1", "Z1", "X2", "Y2", "Z2"]
    assert lines[7] == ["2", "0.10000", "3.00000", "3.00000", "0.00000", "4.00000", "8.10000", "0.00000"]
    assert lines[8] == ["3", "0.20000", *[""] * 6]
    lifted = PoseResult(np.ones((1, 2, 3)), np.ones((1, 2)), SET)
    (path,) = PoseSequence([lifted], SET, fps=25).to_trc(tmp_path / "b.trc")
    assert path == Path(tmp_path / "b.trc")
    assert path.read_text().splitlines()[2].split("\t")[4] == "m"
    with pytest.raises(ValueError, match="no frame rate"):
        result().sequence().to_trc(tmp_path / "c.trc")


def coco_video(**changes) -> PoseSequence:
    """Two people of COCO's keypoints in three frames; the second is missing in the last."""
    skeleton = Skeleton.load("coco").metainfo()
    points = np.random.default_rng(0).uniform(0, 90, (2, 17, 2)).astype(np.float32)
    scores = np.linspace(0.1, 1, 34, dtype=np.float32).reshape(2, 17)
    boxes = np.array([[0, 0, 90, 90]] * 2, np.float32)
    frames = []
    for number, rows in enumerate(([0, 1], [1, 0], [0])):
        values = dict(boxes=boxes[rows], track_ids=np.array([3, 8])[rows], file_name="walk.mp4", frame=number)
        frames.append(PoseResult(points[rows] + number, scores[rows], skeleton, (90, 90), **{**values, **changes}))
    return PoseSequence(frames, skeleton, fps=10.0)


def test_slp_reads_back(tmp_path):
    sleap_io = pytest.importorskip("sleap_io")
    coco_video().to_slp(tmp_path / "sub" / "poses.slp")
    labels = sleap_io.load_slp(str(tmp_path / "sub" / "poses.slp"), open_videos=False)
    assert labels.skeletons[0].node_names == coco_video().names
    assert len(labels.skeletons[0].symmetries) == 8
    assert [frame.frame_idx for frame in labels] == [0, 1, 2]
    assert [[item.track.name for item in frame] for frame in labels] == [
        ["track_3", "track_8"], ["track_8", "track_3"], ["track_3"],
    ]  # fmt: skip
    for frame, result in zip(labels, coco_video(), strict=True):
        np.testing.assert_allclose([item.numpy() for item in frame], result.keypoints)
        np.testing.assert_allclose([item.points["score"] for item in frame], result.scores)
    assert Path(labels.videos[0].filename).name == "walk.mp4"


def test_slp_is_what_the_labels_read(tmp_path):
    pytest.importorskip("sleap_io")
    from posekit.labels.formats.sleap import FORMAT
    from posekit.labels.keypoint_data import Hints

    names = [str(tmp_path / f"{number}.png") for number in range(3)]
    frames = [replace(result, frame=None, file_name=name) for name, result in zip(names, coco_video(), strict=True)]
    with pytest.raises(FileNotFoundError, match=r"0\.png: no such file"):
        PoseSequence(frames, frames[0].skeleton).to_slp(tmp_path / "poses.slp")
    for name in names:
        write_image(Path(name), np.zeros((90, 90, 3), np.uint8))
    PoseSequence(frames, frames[0].skeleton).to_slp(tmp_path / "poses.slp")
    data = FORMAT.read(tmp_path / "poses.slp", Hints())
    assert [image.path.name for image in data.images] == ["0.png", "1.png", "2.png"]
    np.testing.assert_allclose(data.images[1].instances[0].keypoints[:, :2], frames[1].keypoints[0])
    np.testing.assert_allclose(data.images[1].instances[0].scores, frames[1].scores[0])


def test_files_of_labelling_tools_need_poses_in_named_images(tmp_path):
    pytest.importorskip("sleap_io")
    with pytest.raises(ValueError, match="these poses name none; set file_name"):
        coco_video(file_name=None).to_slp(tmp_path / "a.slp")
    lifted = coco_video(boxes=None)
    lifted = replace(lifted, results=[replace(r, keypoints=np.zeros((len(r), 17, 3))) for r in lifted])
    for write in (lifted.to_slp, lifted.to_dlc):
        with pytest.raises(ValueError, match="these are lifted to space"):
            write(tmp_path / "a.csv")
    with pytest.raises(ValueError, match=r"are \.csv or \.h5 files"):
        coco_video().to_dlc(tmp_path / "a.txt")


@pytest.mark.parametrize("suffix", [".csv", ".h5"])
def test_dlc_reads_back(suffix, tmp_path):
    pandas = pytest.importorskip("pandas")
    if suffix == ".h5":
        pytest.importorskip("tables")
    path = tmp_path / "sub" / f"poses{suffix}"
    coco_video().to_dlc(path)
    read = pandas.read_hdf(path) if suffix == ".h5" else pandas.read_csv(path, header=[0, 1, 2, 3], index_col=0)
    assert list(read.columns.names) == ["scorer", "individuals", "bodyparts", "coords"]
    assert read.index.tolist() == [0, 1, 2]
    tracks = coco_video().tracks()
    for identity, track in tracks.items():
        own = read["posekit"][f"individual{identity}"].to_numpy().reshape(3, 17, 3)
        np.testing.assert_allclose(own[..., :2], track)
    assert read["posekit"]["individual3"]["nose"]["likelihood"].tolist() == pytest.approx([0.1] * 3)


@pytest.mark.parametrize("dimensions", ["x" * 5000, [1], 10**9, None])
def test_damaged_poses_are_told_with_their_file(tmp_path, dimensions):
    path = tmp_path / "poses.json"
    path.write_text(json.dumps({**json.loads(video().to_json()), "dimensions": dimensions}))
    with pytest.raises(ValueError, match=r"poses\.json: dimensions are") as raised:
        PoseSequence.from_json(path)
    assert len(str(raised.value)) < 300


def test_dlc_names_are_no_formulas(tmp_path):
    names = {**SET, "keypoint_id2name": {0: "=cmd|a", 1: "@sum"}}
    lone = PoseResult(-POINTS[:1], SCORES[:1], names, boxes=BOXES[:1], file_name="-1+1.png")
    PoseSequence([lone], names).to_dlc(tmp_path / "a.csv")
    rows = list(csv.reader(io.StringIO((tmp_path / "a.csv").read_text())))
    assert rows[1][1::3] == ["'=cmd|a", "'@sum"]
    assert rows[3][:2] == ["'-1+1.png", "-1.0"]


def test_dlc_of_one_person_has_no_individuals(tmp_path):
    one = replace(coco_video(), results=[result[:1] for result in coco_video().results[:1]])
    one.to_dlc(tmp_path / "a.csv")
    lines = (tmp_path / "a.csv").read_text().splitlines()
    assert [line.split(",")[0] for line in lines] == ["scorer", "bodyparts", "coords", "0"]
    assert lines[2].split(",")[1:4] == ["x", "y", "likelihood"]
    named = replace(one, results=[replace(one[0], frame=None, file_name="a.jpg")])
    named.to_dlc(tmp_path / "b.csv")
    assert (tmp_path / "b.csv").read_text().splitlines()[3].startswith("a.jpg,")


def test_supervision():
    supervision = pytest.importorskip("supervision")
    first = coco_video().to_supervision()[0]
    assert isinstance(first, supervision.KeyPoints)
    np.testing.assert_array_equal(first.xy, coco_video()[0].keypoints)
    name = "keypoint_confidence" if hasattr(first, "keypoint_confidence") else "confidence"
    np.testing.assert_array_equal(getattr(first, name), coco_video()[0].scores)
    assert first.data["tracker_id"].tolist() == [3, 8]
    assert len(coco_video()[2][[]].to_supervision()) == 0


def test_coco_document_of_a_sequence():
    document = coco_video().to_coco()
    assert [image["frame_id"] for image in document["images"]] == [0, 1, 2]
    assert [row["image_id"] for row in document["annotations"]] == [1, 1, 2, 2, 3]
    assert [row["id"] for row in document["annotations"]] == [1, 2, 3, 4, 5]
    assert document["categories"][0]["keypoints"] == coco_video().names


def lifted_video() -> PoseSequence:
    skeleton = Skeleton.load("h36m").metainfo()
    points = np.random.default_rng(0).normal(size=(3, 1, 17, 3)).astype(np.float32)
    points[1, 0, 4] = np.nan
    ids = np.array([5])
    frames = [PoseResult(p, np.ones((1, 17)), skeleton, track_ids=ids, frame=n) for n, p in enumerate(points)]
    return PoseSequence(frames, skeleton, fps=25.0)


def test_the_page_holds_all_poses_and_loads_nothing(tmp_path):
    lifted_video().to_html3d(tmp_path / "walk.html", title="walk </script><b>")
    page = (tmp_path / "walk.html").read_text()
    data = json.loads(page.partition('<script id="data" type="application/json">')[2].partition("</script>")[0])
    assert data["fps"] == 25
    [person] = data["persons"]
    assert person["name"] == "5"
    assert person["joints"]["1"][4] is None
    np.testing.assert_allclose(person["joints"]["2"], lifted_video()[2].keypoints[0], atol=6e-4)
    assert "walk &lt;/script&gt;" in page
    assert not [word for word in ("http:", "https:", "src=", "@import", "url(") if word in page]
    with pytest.raises(ValueError, match="lift them first"):
        coco_video().to_html3d(tmp_path / "flat.html")
    PoseSequence([], lifted_video().skeleton).to_html3d(tmp_path / "none.html")
