from __future__ import annotations

import numpy as np
import pytest
from doctor_files import CATEGORY, NAMES, POSE, found, keypoints, person, read

from posekit.labels.doctor import left_right

COUNT = 120


def poses(rng, count=COUNT):
    """Return people (N, 7, 2) that face any way, turned in the image, some of them from behind."""
    base = np.array(POSE, float) - np.mean(POSE, axis=0)
    angles, facing = rng.uniform(-1, 1, count), rng.choice([-1.0, 1.0], count) * rng.uniform(0.3, 1, count)
    turned = np.stack([np.array([[np.cos(a), -np.sin(a)], [np.sin(a), np.cos(a)]]) for a in angles])
    flat = base * np.stack([facing, np.ones(count)], axis=1)[:, None]
    return flat @ turned.transpose(0, 2, 1) * 0.5 + (50, 40) + rng.normal(0, 0.8, (count, 7, 2))


def exchanged(points, *pairs):
    """Return the points with the labels of pairs exchanged."""
    order = list(range(7))
    for pair in pairs:
        order[pair], order[pair + 1] = order[pair + 1], order[pair]
    return points[..., order, :]


@pytest.fixture
def people():
    return poses(np.random.default_rng(3))


def table_of(folder, people):
    return read(folder, [person(i, keypoints=keypoints(points, 1)) for i, points in enumerate(people)])


def test_right_labels_are_not_suspicious(people, tmp_path):
    assert not found(left_right.check_left_right, table_of(tmp_path, people))


@pytest.mark.parametrize(("pairs", "words"), [((3,), "shoulder"), ((5,), "hip"), ((1,), "eye")])
def test_exchanged_pairs_are_found_and_named(pairs, words, people, tmp_path):
    wide = np.argsort(-np.hypot(*(people[:, 3] - people[:, 4]).T))[:4]
    people[wide] = exchanged(people[wide], *pairs)
    finding = found(left_right.check_left_right, table_of(tmp_path, people))["left and right mixed up"]
    assert finding.count == 4
    assert {place.spots[0].instance for place in finding.where} == set(wide.tolist())
    assert all(f": {words} (gain " in place.text for place in finding.where)
    assert f"4 of {COUNT} instances (3.3%)" in finding.message
    assert f"Pairs: {words} 4." in finding.message


def test_exchanged_names_of_a_whole_file_are_an_error(people, tmp_path):
    finding = found(left_right.check_left_right, table_of(tmp_path, exchanged(people, 5)))
    assert "hip point the other way than the other pairs (eye, shoulder)" in (
        finding["names of left and right exchanged"].message
    )


def test_pairs_without_any_order_are_not_taken_for_exchanged_names(tmp_path):
    points = np.random.default_rng(0).uniform(10, 60, (COUNT, 7, 2))
    assert "names of left and right exchanged" not in found(left_right.check_left_right, table_of(tmp_path, points))


def test_a_whole_exchanged_instance_contradicts_nothing(people, tmp_path):
    people[:5] = exchanged(people[:5], 1, 3, 5)
    assert not found(left_right.check_left_right, table_of(tmp_path, people))


def test_some_of_many_instances_are_enough_to_learn_from(people, tmp_path, monkeypatch):
    seen, estimate = [], left_right.estimate_covariance
    monkeypatch.setattr(left_right, "ENOUGH", 50)
    monkeypatch.setattr(left_right, "estimate_covariance", lambda *data: seen.append(len(data[0])) or estimate(*data))
    wide = np.argsort(-np.hypot(*(people[:, 3] - people[:, 4]).T))[:4]
    people[wide] = exchanged(people[wide], 3)
    finding = found(left_right.check_left_right, table_of(tmp_path, people))["left and right mixed up"]
    assert {place.spots[0].instance for place in finding.where} == set(wide.tolist())
    assert seen == [COUNT // 3]


def test_few_instances_are_not_judged(people, tmp_path):
    people[0] = exchanged(people[0], 3)
    assert not found(left_right.check_left_right, table_of(tmp_path, people[:49]))


def test_unlabelled_points_and_wild_ones_do_no_harm(people, tmp_path):
    marked = [keypoints(points, 1) for points in people]
    for row in marked[:30]:
        row[9:12] = [0, 0, 0]
    marked[0][15] = 1e9
    table = read(tmp_path, [person(i, keypoints=row) for i, row in enumerate(marked)])
    known = left_right.pair_vectors(table)[1]
    assert known.sum(axis=0).tolist() == [COUNT, COUNT - 30, COUNT - 1]
    assert not found(left_right.check_left_right, table)


def test_many_pairs_are_exchanged_one_by_one():
    rng = np.random.default_rng(0)
    facing = rng.normal(0, 1, (200, 1, 2))
    vectors = facing + rng.normal(0, 0.1, (200, 14, 2))
    vectors[7, 11] *= -1
    known = np.ones((200, 14), bool)
    exchanges = left_right.find_exchanges(vectors, known, left_right.estimate_covariance(vectors, known))
    assert [(exchange.instance, exchange.pairs) for exchange in exchanges] == [(7, (11,))]


def test_covariance_of_known_vectors():
    rng = np.random.default_rng(1)
    true = np.array([[1.0, 0.6], [0.6, 2.0]])
    normal = rng.multivariate_normal([0, 0], true, (20000, 2)).transpose(0, 2, 1)
    vectors = normal / np.sqrt(rng.chisquare(4, (20000, 1, 1)) / 4)
    known = rng.random((20000, 2)) > 0.2
    estimate = left_right.estimate_covariance(vectors * known[..., None], known, steps=30)
    assert np.abs(estimate - true).max() < 0.08


@pytest.mark.parametrize("turn", [0.0, 2.5])
def test_faces_with_exchanged_eyes(turn, tmp_path):
    rotation = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    face = (np.array(POSE) - 40) @ rotation.T + 45
    wrong = exchanged(face, 1)
    table = read(tmp_path, [person(1, keypoints=keypoints(face)), person(2, keypoints=keypoints(wrong))])
    finding = found(left_right.check_faces, table)["eyes exchanged"]
    assert [place.text for place in finding.where] == ["annotation 2 on image 1"]
    assert "In 1 of 2 faces" in finding.message


def test_hidden_eyes_and_other_sets_are_not_judged(tmp_path):
    wrong = exchanged(np.array(POSE), 1)
    assert not found(left_right.check_faces, read(tmp_path, [person(keypoints=keypoints(wrong, 1))]))
    names = ["tip", *NAMES[1:]]
    table = read(tmp_path, [person(keypoints=keypoints(wrong))], categories=[{**CATEGORY, "keypoints": names}])
    assert not found(left_right.check_faces, table)


def test_pairs_without_a_common_word(tmp_path):
    category = {**CATEGORY, "keypoints": ["nose", "LEye", "REye", "left_ear", "right_ear", "a", "b"]}
    assert left_right.pair_names(read(tmp_path, [person()], categories=[category])) == ["LEye/REye", "ear"]
