"""Made-up datasets, fake image files of any size, and comparison, for the tests of converters."""

from __future__ import annotations

import struct
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from hypothesis import strategies as st

from posekit.labels import Category, Instance, KeypointData, LabelledImage
from posekit.labels.complete import complete
from posekit.labels.format_table import get_format
from posekit.labels.keypoint_data import Hints
from posekit.labels.losses import lose

NAMES = ("nose", "left ear", "right ear", "tail")


def png_header(width: int, height: int) -> bytes:
    """Return what the head of a PNG of this size looks like; enough to read its size, not its pixels."""
    head = b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + b"IHDR" + struct.pack(">II", width, height)
    return head + b"\x08\x02\x00\x00\x00" + b"\0" * 12 + b"IEND\xaeB`\x82"


def fake_image(path: Path, width: int = 64, height: int = 48) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(png_header(width, height))
    return path


def mice(folder: Path, count: int = 3, video: str | None = "cage") -> KeypointData:
    """Return images of two mice each, with everything that can be labelled."""
    images = []
    for number in range(count):
        instances = [
            Instance(
                np.array([[1.5, 2, 2], [3, 4.25, 1], [0, 0, 0], [10 + mouse, 11, 2]]),
                box=(1.0, 2.0, 12.5, 13.0),
                area=80.5,
                track=str(mouse),
                id=10 * number + mouse + 1,
            )
            for mouse in range(2)
        ]
        path = fake_image(folder / (video or "images") / f"{number}.png")
        images.append(LabelledImage(path, instances, size_wh=(64, 48), id=number + 1, video=video))
    return KeypointData([Category("mouse", NAMES, links=((0, 1), (0, 2)), swaps=(0, 2, 1, 3), id=1)], images)


numbers = st.floats(0, 1000, allow_nan=False).map(lambda value: round(value, 3))
words = st.text("abcLR1 _-.,:;'\"&<>{}#%ü猫", min_size=1, max_size=6).filter(
    lambda text: text == text.strip() and not text.startswith("_")
)


@st.composite
def instances(draw: Any, categories: Sequence[Category]) -> Instance:
    category = draw(st.integers(0, len(categories) - 1))
    count = len(categories[category].keypoints)
    points = [[draw(numbers), draw(numbers), draw(st.integers(0, 2))] for _ in range(count)]
    keypoints = np.array(points, np.float64).reshape(count, 3)
    scored = draw(st.booleans()) and count > 0
    scores = np.array([draw(st.floats(0.1, 0.9)) if v else 0.0 for v in keypoints[:, 2]])
    return Instance(
        keypoints=keypoints,
        category=category,
        box=draw(st.tuples(numbers, numbers, numbers, numbers)),
        area=draw(numbers),
        crowd=draw(st.booleans()),
        segmentation=draw(st.none() | st.just([[1, 2, 3, 4, 5.5, 6]])),
        track=draw(st.none() | st.sampled_from(["1", "2", "7", "worded"])),
        scores=scores if scored and keypoints[:, 2].any() else None,
        extra=draw(st.sampled_from([{}, {"caption": "a"}])),
    )


@st.composite
def data_sets(draw: Any) -> KeypointData:
    """Draw a dataset with all that the description can hold; its image files are there."""
    folder = Path(tempfile.mkdtemp(prefix="posekit_test_"))
    names = draw(st.lists(words, min_size=1, max_size=5, unique=True))
    count = len(names)
    links = draw(st.lists(st.tuples(st.integers(0, count - 1), st.integers(0, count - 1)), max_size=3, unique=True))
    swaps = (1, 0, *range(2, count)) if count > 1 and draw(st.booleans()) else None
    kind = draw(st.sampled_from(["Animal", "Haus-Maus: 'ü', \"2\" & <3>", "seed_box"]))
    categories = [Category(kind, tuple(names), tuple(link for link in links if link[0] != link[1]), swaps, id=5)]
    if draw(st.booleans()):
        categories.append(Category("Thing", id=9, extra={"supercategory": "things"}))
    images = []
    for number in range(draw(st.integers(1, 3))):
        size = draw(st.integers(1, 2000)), draw(st.integers(1, 2000))
        name = draw(st.sampled_from(["1.png", "ü 猫.jpg.png", f"{number}.png", "a&b+%20#.png"]))
        path = fake_image(folder / f"{number}" / draw(st.sampled_from(["a", "b c"])) / name, *size)
        found = draw(st.lists(instances(categories), max_size=3))
        video, split = draw(st.sampled_from([None, "clip"])), draw(st.sampled_from(["", "train", "val"]))
        images.append(LabelledImage(path, found, size, number + 3, video, split=split))
    for index, instance in enumerate(instance for image in images for instance in image.instances):
        instance.id = 100 + index
    return KeypointData(categories, images, extra=draw(st.sampled_from([{}, {"info": {"year": 2020}}])))


def what_remains(data: KeypointData, name: str, *losses: str) -> tuple[KeypointData, list[str]]:
    """Return what a format can hold of a dataset, completed as before writing, and what it loses."""
    form = get_format(name)
    rest, lost = lose(data, (*form.loses, *losses))
    complete(rest, form.needs)
    return rest, lost


def there_and_back(data: KeypointData, name: str, folder: Path, *losses: str, hints: Hints | None = None) -> tuple:
    """Write what a format can hold and read it again; return both, plain, to be compared."""
    form = get_format(name)
    assert form.write is not None
    rest, _ = what_remains(data, name, *losses)
    paths = form.write(rest, folder / "out", copy_images=False)
    back = form.read(paths[0] if name == "sleap" else folder / "out", hints or Hints())
    for image in back.images:  # SLEAP's images belong to a video in any case
        image.video = image.video if "videos" not in form.loses else None
    return plain(rest), plain(back)


def plain(data: KeypointData, decimals: int = 4) -> dict[str, Any]:
    """Return a dataset as plain values that can be compared, whatever the order of images and objects."""
    return {
        "categories": [
            (category.name, category.keypoints, sorted(category.links), _pairs(category), category.id, category.extra)
            for category in data.categories
        ],
        "images": {
            str(image.path.resolve()): (
                *(image.size_wh, image.id, image.video, image.split, image.frame, image.extra),
                sorted((_plain_instance(instance, decimals) for instance in image.instances), key=repr),
            )
            for image in data.images
        },
        "extra": data.extra,
    }


def _pairs(category: Category) -> list[tuple[int, int]]:
    return [(i, j) for i, j in enumerate(category.swaps or ()) if i < j]


def _plain_instance(instance: Instance, decimals: int) -> dict[str, Any]:
    def rounded(values: Any) -> Any:
        return None if values is None else (np.round(np.asarray(values, np.float64), decimals) + 0.0).tolist()

    return {
        "category": instance.category,
        "keypoints": rounded(instance.keypoints),
        "box": rounded(instance.box),
        "area": rounded(instance.area),
        "scores": rounded(instance.scores),
        "rest": (instance.crowd, instance.segmentation, instance.track, instance.id, instance.extra),
    }


TOKENS = [b"", b"-1", b"nan", b"1e999", b"x", b"\xff\xfe", b"\0", b",", b"\n", b"[", b"{", b":", b"<", b"&", b"'", b'"']
"""Pieces of text that break a file where they do not belong."""


def check_reading(name, folder, file):
    """Read labels; errors must be of the user's kind and name the place."""
    try:
        back = get_format(name).read(folder / name, Hints())
    except (ValueError, OSError) as error:
        text = str(error)
        assert str(folder / name) in text
        assert len(text) < 1000
    else:
        plain(back)
        counts = [len(category.keypoints) for category in back.categories]
        assert all(instance.keypoints.shape == (counts[instance.category], 3) for instance in back.instances())
