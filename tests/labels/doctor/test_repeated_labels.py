from __future__ import annotations

import numpy as np
from doctor_files import POSE, found, image, keypoints, person, read

from posekit.labels.doctor import repeated_labels as module


def labelled(rng, sigma, count):
    """Return poses with label noise of ``sigma`` times the scale, 30 px."""
    spread = sigma * 30 / np.sqrt(2)  # on each axis
    return np.array(POSE) + rng.normal(0, spread, (count, 7, 2))


def test_copies_are_found(tmp_path):
    copy, other = person(2), person(3, bbox=[36, 10, 30, 60])
    finding = found(module.check_copied_annotations, read(tmp_path, [person(1), other, copy, person(4, 2)]))
    assert [place.text for place in finding["copied annotation"].where] == [
        "annotation 2 on image 1 repeats annotation 1"
    ]


def test_no_annotation_has_no_copy(tmp_path):
    assert not found(module.check_copied_annotations, read(tmp_path, []))
    assert module.repeated_labels(read(tmp_path, [])).shape == (0, 2)


def test_second_labels_are_found_and_neighbours_are_not(tmp_path):
    near, far = np.array(POSE) + 1, np.array(POSE) + 12
    annotations = [person(1), person(2, keypoints=keypoints(near)), person(3, keypoints=keypoints(far)), person(4)]
    table = read(tmp_path, annotations)
    assert module.repeated_labels(table).tolist() == [[0, 1], [1, 3]]  # 0 and 3 are copies
    finding = found(module.check_repeated_labels, table)["labelled twice"]
    assert finding.count == 2
    assert finding.where[0].text == "annotation 2 on image 1 is like annotation 1"


def test_labels_in_a_crowd_are_those_of_a_small_group(tmp_path, monkeypatch):
    annotations = [person(1), person(2, keypoints=keypoints(np.array(POSE) + 1)), person(3), person(4, keypoints=[])]
    for most in (50, 1):
        monkeypatch.setattr(module, "MAX_CROWD", most)
        assert module.repeated_labels(read(tmp_path, annotations)).tolist() == [[0, 1], [1, 2]]


def test_labels_of_copied_images_belong_together(tmp_path):
    import cv2

    for name in ("1.png", "2.png"):
        (tmp_path / "images").mkdir(exist_ok=True)
        cv2.imwrite(str(tmp_path / "images" / name), image(5))
    table = read(tmp_path, [person(1), person(2, 2, keypoints=keypoints(np.array(POSE) + 1))])
    assert module.repeated_labels(table).tolist() == [[0, 1]]


def test_sigma_is_the_noise_of_the_labels(tmp_path):
    rng = np.random.default_rng(0)
    sigma = np.array([0.01, 0.02, 0.02, 0.04, 0.04, 0.06, 0.06])
    one, other = labelled(rng, sigma[:, None], 400), labelled(rng, sigma[:, None], 400)
    infos = [dict(id=i, file_name="1.png", width=120, height=90) for i in range(400)]
    annotations = [person(i, i, keypoints=keypoints(points)) for i, points in enumerate(one)]
    annotations += [person(400 + i, i, keypoints=keypoints(points)) for i, points in enumerate(other)]
    table = read(tmp_path, annotations, images=infos)
    table.scan = None
    assert np.allclose(module.estimated_sigmas(table), sigma, rtol=0.12)


def test_few_labels_give_no_sigma(tmp_path):
    table = read(tmp_path, [person(1), person(2, keypoints=keypoints(np.array(POSE) + 1))])
    assert np.isnan(module.estimated_sigmas(table)).all()
