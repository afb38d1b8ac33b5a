"""What may be done with a released model: the terms of its code, its weights and the data it was trained on.

Terms are noted as their owners state them, with the page that does; nobody here is a lawyer, and no court has settled
what the terms of training data mean for weights. So the verdict is cautious: one part that forbids commercial use
makes it ``no``, and ``yes`` takes the word of everybody for every part. Whatever is not known is ``unclear``.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Literal, NamedTuple, get_args

Verdict = Literal["yes", "no", "unclear"]
VERDICTS: tuple[Verdict, ...] = get_args(Verdict)


class Terms(NamedTuple):
    """Terms of one part of a model.

    Attributes:
        commercial: whether they allow commercial use.
        text: the terms in a few words.
        url: the page that states them; empty where none does.
    """

    commercial: Verdict
    text: str
    url: str = ""


NOT_KNOWN = Terms("unclear", "not known")
CODE = Terms("yes", "Apache-2.0: posekit's own, written anew")

UNCONFIRMED = "taken to be for research only, which could not be confirmed"
"""Terms of datasets whose own pages were out of reach, or state none, when this list was written."""

WHOLEBODY = Terms(
    "no", "research and non-commercial use only", "https://github.com/jin-s13/COCO-WholeBody#terms-of-use"
)
DEEPFASHION = "http://mmlab.ie.cuhk.edu.hk/projects/DeepFashion.html"
FACES_300W = Terms("no", "the licence excludes commercial use", "https://ibug.doc.ic.ac.uk/resources/300-W/")
FREIHAND = Terms(
    "no", "research only, any commercial use is prohibited", "https://github.com/lmb-freiburg/freihand#terms-of-use"
)
H36M = Terms("no", "free of charge for academic use only", "http://vision.imar.ro/human3.6m/eula.php")
RHD = Terms(
    "unclear",
    UNCONFIRMED,
    "https://lmb.informatik.uni-freiburg.de/resources/datasets/RenderedHandposeDataset.en.html",
)

DATA: dict[str, Terms] = {
    "300W": FACES_300W,
    "300W-LP": Terms("no", "made of 300W, whose licence excludes commercial use", FACES_300W.url),
    "AFLW": Terms("unclear", UNCONFIRMED, "https://www.tugraz.at/index.php?id=19690"),
    "AP-10K": Terms(
        "no",
        "non-commercial use only",
        "https://github.com/open-mmlab/mmpose/blob/main/docs/en/dataset_zoo/2d_animal_keypoint.md",
    ),
    "COCO": Terms(
        "unclear",
        "annotations CC BY 4.0; images under Flickr's terms, each with a licence of its own",
        "https://cocodataset.org/#termsofuse",
    ),
    "COCO-WholeBody": WHOLEBODY,
    "COCO-WholeBody-Face": WHOLEBODY,
    "COCO-WholeBody-Hand": WHOLEBODY,
    "COCO-Wholebody-Face": WHOLEBODY,
    "COCO-Wholebody-Hand": WHOLEBODY,
    "UBody-COCO-WholeBody": WHOLEBODY,
    "UBody": Terms("unclear", UNCONFIRMED, "https://github.com/IDEA-Research/OSX"),
    "DeepFashion": Terms("no", "non-commercial research and educational purposes only", DEEPFASHION),
    "DeepFashion2": Terms("unclear", UNCONFIRMED, "https://github.com/switchablenorms/DeepFashion2"),
    "FreiHand": FREIHAND,
    "FreiHand2d": FREIHAND,
    "Human3.6M": H36M,
    "Human3.6M (MotionBERT)": H36M,
    "Human-Art": Terms("no", "non-commercial purposes only", "https://github.com/IDEA-Research/HumanArt"),
    "InterHand2.6M": Terms("no", "CC BY-NC 4.0", "https://github.com/facebookresearch/InterHand2.6M#license"),
    "LaPa": Terms("unclear", UNCONFIRMED, "https://github.com/JDAI-CV/lapa-dataset"),
    "Objects365": Terms("no", "academic purpose only", "https://www.objects365.org/download.html"),
    "PoseTrack18": Terms("unclear", UNCONFIRMED, "https://posetrack.net/"),
    "RHD": RHD,
    "RHD2d": RHD,
    "WFLW": Terms("unclear", UNCONFIRMED, "https://wywu.github.io/projects/LAB/WFLW.html"),
}
"""Terms of the datasets; one that is not listed is not known."""

PUBLISHERS: dict[str, Terms] = {
    "edpose": Terms(
        "unclear",
        "the authors' code is under the IDEA License 1.0; nothing is stated for the weights",
        "https://github.com/IDEA-Research/ED-Pose",
    ),
    "/mmyolo/": Terms(
        "unclear",
        "MMYOLO's code is GPL-3.0; nothing is stated for the weights",
        "https://github.com/open-mmlab/mmyolo",
    ),
    "download.openmmlab.com": Terms(
        "unclear",
        "OpenMMLab's code is Apache-2.0; nothing is stated for the weights",
        "https://github.com/open-mmlab/mmpose#license",
    ),
    "Megvii-BaseDetection/YOLOX": Terms(
        "unclear",
        "YOLOX's code is Apache-2.0; nothing is stated for the weights",
        "https://github.com/Megvii-BaseDetection/YOLOX/blob/main/LICENSE",
    ),
}
"""Terms of weights by a part of their address; the first that fits counts."""


def weights_terms(url: str) -> Terms:
    """Return the terms of weights that are published at an address."""
    return next((terms for part, terms in PUBLISHERS.items() if part in url), NOT_KNOWN)


def data_terms(dataset: str) -> Terms:
    """Return the terms of a dataset."""
    return DATA.get(dataset, NOT_KNOWN)


def terms_of(url: str, training_data: Sequence[str], *, own_code: bool = True) -> dict[str, Terms]:
    """Return the terms of a model's parts: code, weights, and each dataset (or ``data`` where none is named).

    Args:
        own_code: whether posekit runs the model, so that no other project's code is needed.
    """
    data = {f"data: {name}": data_terms(name) for name in training_data} or {"data": NOT_KNOWN}
    return {"code": CODE if own_code else NOT_KNOWN, "weights": weights_terms(url), **data}


def verdict_of(terms: Iterable[Terms]) -> Verdict:
    """Return whether commercial use is allowed by the terms of all parts, forbidden by those of one, or unclear."""
    verdicts = {each.commercial for each in terms}
    if "no" in verdicts:
        return "no"
    return "unclear" if "unclear" in verdicts else "yes"
