from __future__ import annotations

import struct

import cv2
import numpy as np
import pytest
from doctor_files import SIZE, found, image, person, read, write

from posekit.labels.doctor import image_checks as checks
from posekit.labels.doctor import likeness
from posekit.labels.doctor.image_scan import look_at, scan_images
from posekit.labels.doctor.source import file_source
from posekit.labels.doctor.table import InstanceTable


def jpeg(image):
    return cv2.imencode(".jpg", image)[1].tobytes()


def turned(data: bytes) -> bytes:
    """Insert an EXIF block that asks to turn the image by a quarter."""
    entry = struct.pack("<HHIHH", 0x0112, 3, 1, 6, 0)
    body = b"Exif\x00\x00II*\x00\x08\x00\x00\x00" + struct.pack("<H", 1) + entry + bytes(4)
    return data[:2] + b"\xff\xe1" + struct.pack(">H", len(body) + 2) + body + data[2:]


def with_image(folder, data: bytes):
    """Return a table whose second image is replaced."""
    write(folder, [])
    (folder / "images" / "2.png").write_bytes(data)
    return read(folder, [person(1), person(2, 2)])


def test_nothing_is_found_in_faultless_images(tmp_path):
    table = read(tmp_path, [person()])
    assert not found(checks.check_files, table)
    assert not found(checks.check_image_sizes, table)
    assert not list(checks.check_copies([table]))


def test_no_images_looked_at(tmp_path):
    table = read(tmp_path, [person()])
    table.scan = None
    assert not found(checks.check_files, table)
    assert not found(checks.check_image_sizes, table)
    assert not list(checks.check_copies([table]))


BROKEN = {
    "the file is empty (0 bytes)": b"",
    "none of JPEG, PNG, BMP, WebP, GIF and TIFF": b"<html>",
    "the JPEG is cut off": jpeg(image(1))[:-40],
    "more than the limit": cv2.imencode(".png", image(1))[1].tobytes()[:16]
    + struct.pack(">II", 60000, 60000)
    + cv2.imencode(".png", image(1))[1].tobytes()[24:],
}


@pytest.mark.parametrize("reason", BROKEN)
def test_broken_file(reason, tmp_path):
    finding = found(checks.check_files, with_image(tmp_path, BROKEN[reason]))["unreadable image"]
    assert finding.severity == "error"
    assert reason in finding.where[0].text
    assert "2.png" in finding.where[0].text


def test_missing_file(tmp_path):
    write(tmp_path, [])
    table = InstanceTable.read(file_source(write(tmp_path, [person()])))
    (tmp_path / "images" / "2.png").unlink()
    table.scan = scan_images(table.images.paths)
    finding = found(checks.check_files, table)["missing image"]
    assert (finding.count, finding.remedy) == (1, "Restore them, or remove them.")


def test_missing_folder(tmp_path):
    table = InstanceTable.read(file_source(write(tmp_path, [person()]), images=tmp_path / "elsewhere"))
    table.scan = scan_images(table.images.paths)
    assert found(checks.check_files, table)["missing image"].remedy == "Give the folder with --images."


def test_another_size(tmp_path):
    finding = found(checks.check_image_sizes, with_image(tmp_path, jpeg(image(2, (60, 45)))))["image size"]
    assert "60 x 45, stated 120 x 90" in finding.message


def test_turned_by_the_camera(tmp_path):
    finding = found(checks.check_image_sizes, with_image(tmp_path, turned(jpeg(image(2)))))["turned image"]
    assert "color_ignore_orientation" in finding.remedy


def test_turned_and_labelled_so(tmp_path):
    (tmp_path / "images").mkdir()
    (tmp_path / "images" / "1.png").write_bytes(turned(jpeg(image(2))))
    infos = [dict(id=1, file_name="1.png", width=SIZE[1], height=SIZE[0])]
    assert not found(checks.check_image_sizes, read(tmp_path, [person()], images=infos))


@pytest.mark.parametrize(
    "image",
    [image(1)[..., 0], np.dstack([image(1), image(1)[..., 0]]), image(1).astype(np.uint16) * 257],
    ids=["gray", "alpha", "16 bit"],
)
def test_other_kinds_of_pixels_are_read(image, tmp_path):
    facts = [
        look_at(str(tmp_path / name)) for name in ("a.jpg", "b.png") if cv2.imwrite(str(tmp_path / "b.png"), image)
    ]
    assert facts[0].missing
    assert facts[1].size_wh == facts[1].stored_wh == SIZE


def test_some_of_many(tmp_path):
    paths = [str(tmp_path / f"{i}.png") for i in range(100)]
    scan = scan_images(paths, most=5, threads=2)
    assert scan.index.tolist() == [0, 25, 50, 74, 99]
    assert scan.missing.all()


def test_the_same_image_in_two_splits_is_an_error(tmp_path):
    train = read(tmp_path, [person()], name="train.json")
    val = read(tmp_path, [person()], name="val.json")
    finding = found(checks.check_copies, [train, val])["same image across files"]
    assert (finding.severity, finding.count) == ("error", 2)
    assert finding.where[0].text == "train.json: 1.png = val.json: 1.png"
    assert [spot.file for spot in finding.where[0].spots] == [train.file, val.file]


def test_copies_within_one_file(tmp_path):
    table = with_image(tmp_path, cv2.imencode(".png", image(1))[1].tobytes())
    finding = found(checks.check_copies, [table])["same image repeated"]
    assert (finding.severity, finding.message) == ("note", "2 images in 1 group are the same file.")


@pytest.mark.parametrize(
    "change",
    [
        lambda image: image,
        lambda image: cv2.resize(image, None, fx=0.6, fy=0.6, interpolation=cv2.INTER_AREA),
        lambda image: np.clip(image * 0.8 + 20, 0, 255).astype(np.uint8),
        lambda image: cv2.GaussianBlur(image, (5, 5), 1.5),
    ],
    ids=["compressed", "smaller", "darker", "blurred"],
)
def test_changed_copies_look_alike(change, tmp_path):
    table = with_image(tmp_path, jpeg(change(image(1))))
    assert "look alike" in found(checks.check_copies, [table])["similar image repeated"].message


def test_flat_images_are_not_alike(tmp_path):
    write(tmp_path, [])
    for i in (1, 2):
        cv2.imwrite(str(tmp_path / "images" / f"{i}.png"), np.full((90, 120, 3), 80 * i, np.uint8))
    assert not list(checks.check_copies([read(tmp_path, [])]))


def test_no_pair_within_three_bits_is_missed():
    rng = np.random.default_rng(0)
    hashes = rng.integers(0, 2**64, 400, np.uint64)
    small = np.repeat(rng.integers(0, 256, (200, 64), np.uint8), 2, axis=0)
    for i in range(0, 400, 2):
        bits = rng.choice(64, 3, replace=False)
        hashes[i + 1] = hashes[i] ^ np.bitwise_or.reduce(np.uint64(1) << bits.astype(np.uint64))
    groups = likeness.joined(400, likeness.alike_pairs(hashes, small))
    assert groups == [[i, i + 1] for i in range(0, 400, 2)]


def frames(count):
    """Return hashes and grey images of a still scene with a little noise: all of them alike, none equal."""
    rng = np.random.default_rng(0)
    scene, hash_of_scene = rng.integers(20, 230, 256), rng.integers(0, 2**64, 1, np.uint64)
    flipped = np.uint64(1) << rng.integers(0, 64, (2, count)).astype(np.uint64)
    small = (scene + rng.integers(-3, 4, (count, 256))).astype(np.uint8)
    return hash_of_scene ^ flipped[0] ^ flipped[1], small


def test_all_frames_of_a_still_camera_are_one_group():
    hashes, small = frames(2000)
    assert likeness.joined(2000, likeness.alike_pairs(hashes, small)) == [list(range(2000))]


def test_frames_of_a_still_camera_cost_no_more_each_if_there_are_more(monkeypatch):
    compared = []
    monkeypatch.setattr(likeness, "correlations", lambda small: compared.append(len(small) ** 2) or np.ones(1))
    for count in (2000, 6000):
        list(likeness.alike_pairs(*frames(count)))
        compared.append(0)
    few = sum(compared[: compared.index(0)])
    assert sum(compared) - few < 4 * few  # each with each would be 9 times as much


def test_a_group_names_three_images_of_each_file_and_shows_one_of_each(tmp_path):
    infos = [dict(id=i, file_name=f"{1 + i % 2 if i < 2 else 1}.png", width=120, height=90) for i in range(9)]
    train = read(tmp_path, [], name="train.json", images=infos)
    val = read(tmp_path, [], name="val.json", images=infos[2:4])
    place = found(checks.check_copies, [train, val])["same image across files"].where[0]
    assert place.text == "train.json: 1.png = 1.png = 1.png … (8) = val.json: 1.png = 1.png"
    assert [spot.file for spot in place.spots] == [train.file, val.file]


def test_pairs_are_joined_to_groups():
    assert likeness.joined(6, iter([(0, 4), (4, 2), (3, 5)])) == [[0, 2, 4], [3, 5]]
