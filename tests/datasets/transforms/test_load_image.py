from __future__ import annotations

import base64
import contextlib
import pickle
import struct
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from dot_images import dot_image  # pyright: ignore[reportMissingImports]
from hypothesis import given, settings
from hypothesis import strategies as st

from posekit.datasets.transforms.load_image import ImageCache, LoadImage
from posekit.datasets.transforms.pipeline import Pipeline
from posekit.media.image_file import decode
from posekit.media.image_header import ImageFileError, check_header

IMG = dot_image(20, 30)
HEIGHT, WIDTH = IMG.shape[:2]


def encode(suffix: str, img: np.ndarray = IMG) -> bytes:
    done, data = cv2.imencode(suffix, img)
    assert done
    return data.tobytes()


ENCODED = {suffix: encode(suffix) for suffix in (".jpg", ".png", ".bmp", ".webp", ".tiff")}


def exif_turned(jpeg: bytes, orientation: int) -> bytes:
    """Insert an EXIF block that states an orientation, with a thumbnail's end marker inside."""
    entry = struct.pack("<HHIHH", 0x0112, 3, 1, orientation, 0)
    body = b"Exif\x00\x00II*\x00\x08\x00\x00\x00" + struct.pack("<H", 1) + entry + bytes(4) + b"\xff\xd8\xff\xd9"
    return jpeg[:2] + b"\xff\xe1" + struct.pack(">H", len(body) + 2) + body + jpeg[2:]


def load(path: Path, data: bytes, **settings: Any) -> dict[str, Any]:
    path.write_bytes(data)
    results = LoadImage(**settings)(dict(img_path=str(path)))  # pyright: ignore[reportArgumentType]
    assert results is not None
    return results  # pyright: ignore[reportReturnType]


@pytest.mark.parametrize("suffix", [".jpg", ".png", ".bmp", ".webp", ".tiff"])
def test_loads_and_knows_the_size_from_the_header(suffix: str, tmp_path: Path) -> None:
    data = encode(suffix)
    results = load(tmp_path / "image", data)
    assert results["img"].shape == (HEIGHT, WIDTH, 3)
    assert results["img_shape"] == results["ori_shape"] == (HEIGHT, WIDTH)
    assert np.abs(results["img"].astype(int) - IMG).mean() < 3
    assert check_header(data, 10**6) == (WIDTH, HEIGHT)


@pytest.mark.parametrize(
    "img",
    [IMG[..., 0], np.dstack([IMG, IMG[..., 0]]), IMG.astype(np.uint16) * 257, IMG[..., 0].astype(np.uint16) * 257],
    ids=["gray", "alpha", "16 bit", "16 bit gray"],
)
def test_other_pixel_formats_become_8_bit_color(img: np.ndarray, tmp_path: Path) -> None:
    loaded = load(tmp_path / "p.png", encode(".png", img))["img"]
    assert (loaded.shape, loaded.dtype) == (IMG.shape, np.uint8)
    assert np.abs(loaded[..., 0].astype(int) - IMG[..., 0]).max() <= 1


# 16 x 8 pixels, the left half (cyan, magenta, yellow, black) = (20, 200, 180, 10), the right one (220, 30, 40, 60),
# written by Pillow 13 (quality 90); ink is stored inverted, as Adobe does.
CMYK_JPEG = base64.b64decode(
    "/9j/7gAOQWRvYmUAZAAAAAAA/9sAQwADAgIDAgIDAwMDBAMDBAUIBQUEBAUKBwcGCAwKDAwLCgsLDQ4SEA0OEQ4LCxAWEBETFBUVFQwPFxgWFB"
    "gSFBUU/8AAFAgACAAQBEMRAE0RAFkRAEsRAP/EABYAAQEBAAAAAAAAAAAAAAAAAAkICv/EABQQAQAAAAAAAAAAAAAAAAAAAAD/2gAOBEMATQBZ"
    "AEsAAD8AR1HicicM9Rxi6p6f/9k="
)


def test_cmyk_becomes_color(tmp_path: Path) -> None:
    img = load(tmp_path / "a.jpg", CMYK_JPEG)["img"]
    assert img.shape == (8, 16, 3)
    ink = np.array([[20, 200, 180, 10], [220, 30, 40, 60]])
    expected = (255 - ink[:, 2::-1]) * (255 - ink[:, 3:]) / 255  # B, G, R
    assert np.abs(img[4, [3, 12]] - expected).max() < 6


@pytest.mark.parametrize("name", ["a.png", "a.txt", "a"])
def test_the_content_counts_not_the_name(name: str, tmp_path: Path) -> None:
    assert load(tmp_path / name, encode(".jpg"))["img"].shape == IMG.shape


@pytest.mark.parametrize("size_wh", [(30000, 40), (40, 30000), (70000, 9)])
def test_very_wide_images_are_resized_or_refused(size_wh: tuple[int, int], tmp_path: Path) -> None:
    wide = np.full((size_wh[1], size_wh[0], 3), 200, np.uint8)
    results = load(tmp_path / "wide.png", encode(".png", wide))

    def resize(mode: str) -> Any:
        step = dict(type="BottomupResize", input_size=(512, 512), resize_mode=mode)
        return Pipeline([step], available=results)(results)  # pyright: ignore[reportArgumentType]

    with pytest.raises(ValueError, match=r"BottomupResize: an image of \d+ x \d+ pixels would become an input of"):
        resize("expand")
    assert resize("fit")["img"].shape == (512, 512, 3)


def test_numbers_that_are_no_image_are_refused(tmp_path: Path) -> None:
    data = encode(".tiff", IMG[..., 0].astype(np.float32))
    with pytest.raises(ImageFileError, match="or holds other numbers than 8 or 16 bits"):
        load(tmp_path / "a.tiff", data)


def test_devices_and_huge_files_are_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ImageFileError, match=r"image /dev/zero: cannot be read \(it is a folder or a device\)"):
        LoadImage()(dict(img_path="/dev/zero"))  # pyright: ignore[reportArgumentType]
    monkeypatch.setattr("posekit.media.image_file.MAX_BYTES", 10)
    with pytest.raises(ImageFileError, match="it has 11 bytes, and no image needs more than 10"):
        load(tmp_path / "a.png", b"x" * 11)


def test_a_name_that_no_file_can_have() -> None:
    with pytest.raises(ImageFileError, match="cannot be read"):
        LoadImage()(dict(img_path="a\0b"))  # pyright: ignore[reportArgumentType]


@settings(max_examples=150, deadline=None)
@given(
    suffix=st.sampled_from([".jpg", ".png", ".bmp", ".webp", ".tiff"]),
    changes=st.dictionaries(st.integers(0, 400), st.integers(0, 255), max_size=6),
    cut=st.integers(0, 3000),
)
def test_any_damage_ends_in_an_image_or_one_clear_error(suffix: str, changes: dict[int, int], cut: int) -> None:
    data = bytearray(ENCODED[suffix][: len(ENCODED[suffix]) - max(cut - 2000, 0)])
    for place, value in changes.items():
        if place < len(data):
            data[place] = value
    with contextlib.suppress(ImageFileError):
        img = decode(bytes(data), max_pixels=10**6)
        assert (img.dtype, img.ndim) == (np.uint8, 3)
        assert img.size <= 3 * 10**6


def test_exif_orientation_is_applied(tmp_path: Path) -> None:
    data = exif_turned(encode(".jpg"), 6)
    assert load(tmp_path / "a.jpg", data)["img_shape"] == (WIDTH, HEIGHT)
    plain = load(tmp_path / "a.jpg", data, color_type="color_ignore_orientation")
    assert plain["img_shape"] == (HEIGHT, WIDTH)


@pytest.mark.parametrize(("suffix", "reason"), [(".jpg", "is cut off"), (".png", "PNG is cut off")])
@pytest.mark.parametrize("part", [0.5, 0.9, 0.995])
def test_cut_off_file_is_named(suffix: str, reason: str, part: float, tmp_path: Path) -> None:
    data = exif_turned(encode(suffix), 1) if suffix == ".jpg" else encode(suffix)
    path = tmp_path / f"half{suffix}"
    with pytest.raises(ImageFileError, match=reason) as caught:
        load(path, data[: int(len(data) * part)])
    assert str(path) in str(caught.value)


@pytest.mark.parametrize("suffix", [".jpg", ".png", ".bmp", ".webp", ".tiff"])
def test_any_cut_ends_in_an_image_or_one_clear_error(suffix: str, tmp_path: Path) -> None:
    data = encode(suffix)
    for length in range(0, min(len(data), 600), 7):
        with contextlib.suppress(ImageFileError):
            assert load(tmp_path / "cut", data[:length])["img"].ndim == 3


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "is empty"),
        (b"<html>not here</html>", "none of JPEG, PNG"),
        (b"\xff\xd8\xff", "ends within its header, after 3 bytes"),
    ],
)
def test_what_is_no_image_is_named(data: bytes, reason: str, tmp_path: Path) -> None:
    with pytest.raises(ImageFileError, match=reason):
        load(tmp_path / "x.jpg", data)


def test_decompression_bomb_is_refused_before_decoding(tmp_path: Path) -> None:
    data = bytearray(encode(".png"))
    data[16:24] = struct.pack(">II", 60000, 60000)
    with pytest.raises(ImageFileError, match="60000 x 60000 pixels, more than the limit"):
        load(tmp_path / "bomb.png", bytes(data))


def test_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"gone\.jpg: no such file; check ann_file"):
        LoadImage()(dict(img_path=str(tmp_path / "gone.jpg")))  # pyright: ignore[reportArgumentType]


def test_ignore_empty_skips_the_sample(tmp_path: Path) -> None:
    transform = LoadImage(ignore_empty=True)
    (tmp_path / "empty.jpg").touch()
    for name in ("gone.jpg", "empty.jpg"):
        assert transform(dict(img_path=str(tmp_path / name))) is None  # pyright: ignore[reportArgumentType]


def test_a_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(ImageFileError, match="cannot be read"):
        LoadImage()(dict(img_path=str(tmp_path)))  # pyright: ignore[reportArgumentType]


def test_a_clusters_store_is_read_as_local(caplog: pytest.LogCaptureFixture) -> None:
    LoadImage(backend_args=dict(backend="petrel"))
    assert "backend 'petrel' is read as local files; set data_root" in caplog.text


@pytest.mark.parametrize("name", ["backend_args", "file_client_args"])
@pytest.mark.parametrize("backend", ["local", "disk"])
def test_local_files_have_two_names(name: str, backend: str) -> None:
    results: Any = LoadImage(**{name: dict(backend=backend)})(dict(img=IMG))  # pyright: ignore
    assert results["img"].shape == IMG.shape


@pytest.mark.parametrize(
    "settings",
    [
        dict(color_type="cmyk"),
        dict(imdecode_backend="pillow"),
        dict(backend_args=dict(backend="s3")),
        dict(file_client_args=dict(backend="http")),
        dict(cache="disk"),
    ],
)
def test_unknown_setting_is_named(settings: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=rf"LoadImage\.{next(iter(settings))}.* is not supported; use"):
        LoadImage(**settings)


@pytest.mark.parametrize("img", [IMG[..., 0], IMG[..., :1], np.dstack([IMG, IMG[..., 0]]), IMG.astype(np.float32)])
def test_given_array_becomes_color(img: np.ndarray) -> None:
    results: Any = LoadImage()(dict(img=img))  # pyright: ignore[reportArgumentType]
    assert results["img"].shape == IMG.shape
    assert results["img_path"] is None


@pytest.mark.parametrize(
    "img", [IMG.astype(np.int64), np.zeros((0, 4, 3), np.uint8), np.zeros((4, 4, 7), np.uint8), [1]]
)
def test_given_something_else_is_described(img: Any) -> None:
    with pytest.raises(ImageFileError, match="give a uint8 array of shape"):
        LoadImage()(dict(img=img))  # pyright: ignore[reportArgumentType]


def test_to_float32(tmp_path: Path) -> None:
    assert load(tmp_path / "a.png", encode(".png"), to_float32=True)["img"].dtype == np.float32


class TestCache:
    def test_second_load_needs_no_file(self, tmp_path: Path) -> None:
        path = tmp_path / "a.png"
        path.write_bytes(encode(".png"))
        transform = LoadImage(cache="ram")
        first: Any = transform(dict(img_path=str(path)))  # pyright: ignore[reportArgumentType]
        path.unlink()
        second: Any = transform(dict(img_path=str(path)))  # pyright: ignore[reportArgumentType]
        assert second["img"] is first["img"]
        assert not first["img"].flags.writeable

    def test_is_bounded_and_drops_the_least_recent(self) -> None:
        cache = ImageCache(3 * IMG.nbytes)
        for name in "abc":
            cache.put(name, IMG.copy())
        assert cache.get("a") is not None
        cache.put("d", IMG.copy())
        assert [cache.get(name) is not None for name in "abcd"] == [True, False, True, True]
        assert cache.num_bytes == 3 * IMG.nbytes

    def test_image_larger_than_the_cache_is_not_kept(self) -> None:
        cache = ImageCache(10)
        cache.put("a", IMG.copy())
        assert len(cache) == 0

    def test_images_are_not_sent_to_workers(self) -> None:
        cache = ImageCache(1e9)
        cache.put("a", IMG.copy())
        assert len(pickle.loads(pickle.dumps(cache))) == 0


def test_development_photographs_are_not_refused(shared: Path) -> None:
    paths = (
        sorted((shared / "data" / "samples").rglob("*.jp*g"))[::5]
        + sorted((shared / "data" / "lspet").rglob("*.jpg"))[::400]
    )
    for path in paths:
        width, height = check_header(path.read_bytes(), 2**27)
        assert min(width, height) > 0
