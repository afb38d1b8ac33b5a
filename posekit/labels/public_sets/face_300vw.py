"""300VW as handed out: a folder for each video, with vid.avi and annot/000001.pts … of 68 points.

Frames come from the folder ``imgs`` of a video, if somebody has extracted them, else from the video itself. Frames
whose labels the authors withdrew are not known to these files; remove their .pts files.
"""

from __future__ import annotations

from pathlib import Path

from posekit.console import tracked
from posekit.labels.keypoint_data import Hints, KeypointData, LabelledImage
from posekit.labels.place import Place
from posekit.labels.public_sets.public_set import category_of, face, found_files, public_format, read_pts

CATEGORIES = (
    frozenset(
        (
            *(114, 124, 125, 126, 150, 158, 401, 402, 505, 506, 507, 508, 509, 510, 511, 514),
            *(515, 518, 519, 520, 521, 522, 524, 525, 537, 538, 540, 541, 546, 547, 548),
        )
    ),
    frozenset((203, 208, 211, 212, 213, 214, 218, 224, 403, 404, 405, 406, 407, 408, 409, 412, 550, 551, 553)),
    frozenset((410, 411, 516, 517, 526, 528, 529, 530, 531, 533, 557, 558, 559, 562)),
)
"""Videos of the challenge's test categories: well lit, in the wild, and under arbitrary conditions."""

TEST = frozenset().union(*CATEGORIES)


def read(source: Path, hints: Hints) -> KeypointData:
    """Read the labelled frames of all videos below a folder.

    Raises:
        FileNotFoundError: if there are none.
        ValueError: if a file has not 68 points, or its name is no number.
    """
    images = []
    for path in tracked(found_files(source, "annot/*.pts", "300VW"), "reading"):
        folder = path.parents[1]
        if not path.stem.isdecimal():
            raise Place(path).wrong(path.stem, "the number of a frame as the file's name")
        extracted = folder / "imgs" / f"{int(path.stem):06d}.png"
        image = (
            LabelledImage(extracted)
            if extracted.is_file()
            else LabelledImage(folder / "vid.avi", frame=int(path.stem) - 1)
        )
        image.instances = [face(read_pts(path))]
        image.video, image.split = folder.name, "test" if _number(folder.name) in TEST else "train"
        images.append(image)
    subsets = {
        str(number): lambda image, _, videos=videos: _number(image.video or "") in videos
        for number, videos in enumerate(CATEGORIES, 1)
    }
    return KeypointData([category_of("300vw", "face")], images, subsets=subsets)


def _number(name: str) -> int:
    return int(name) if name.isdecimal() else 0


FORMAT = public_format("300vw", "300VW", read)
