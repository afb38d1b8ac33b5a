"""Released models by name: every published one is there, has its config, and says under which terms."""

from __future__ import annotations

import gzip
import json
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path, PurePosixPath
from typing import Any

import pytest
import torch

from posekit.config import load
from posekit.registry import MODELS
from posekit.zoo import licences
from posekit.zoo.model_index import KINDS, UnknownModelError, find, is_alias, model_entries

WITHOUT_CONFIG = {"topdown_heatmap_swin_b_p4_w7_fpn_coco_256x192"}
"""Published pose models whose config nobody has; their notes say why."""


@pytest.fixture(scope="module")
def published(shared: Path) -> list[dict[str, Any]]:
    return json.loads((shared / "facts" / "model_zoo.json").read_text(encoding="utf-8"))["models"]


@pytest.fixture(scope="module")
def recorded_states(shared: Path) -> dict[str, dict[str, tuple[int, ...]]]:
    """Keys and shapes of models by their configs' names, as MMPose 1.3.2 has them."""
    with gzip.open(shared / "conformance" / "models.json.gz", "rt", encoding="utf-8") as file:
        records = json.load(file)
    return {
        PurePosixPath(record["config"]).stem: {key: tuple(shape) for key, shape, _ in record["state"]}
        for record in records
    }


def test_every_published_model_is_there(published: list[dict[str, Any]]) -> None:
    assert len(published) == 380
    by_file = {(url.rpartition("/")[2]) for entry in model_entries() for url in entry.urls}
    for row in published:
        assert row["weights"].rpartition("/")[2] in by_file
        name = PurePosixPath(row["config"]).stem.replace("--", "-")
        if row["name"] not in WITHOUT_CONFIG:
            entry = find(name)
            assert entry.urls[0] == row["weights"].lstrip("(")
            assert entry.config_path is not None
            assert entry.config_path.is_file()


def test_models_without_a_config_say_why() -> None:
    without = [entry for entry in model_entries() if not entry.config]
    assert {entry.name for entry in without if entry.name in WITHOUT_CONFIG} == WITHOUT_CONFIG
    assert all(entry.note.startswith("no config: ") for entry in without)
    with pytest.raises(ValueError, match=r"no config: published for MMPose 0\.x only"):
        find("topdown_heatmap_swin_b_p4_w7_fpn_coco_256x192").require_config()


def test_no_two_models_share_a_name() -> None:
    names = Counter(name.lower() for entry in model_entries() for name in (entry.name, *entry.aliases))
    assert [name for name, count in names.items() if count > 1] == []


@pytest.mark.parametrize("entry", model_entries()[::40], ids=lambda entry: entry.name)
def test_a_config_builds_with_the_recorded_shapes(entry, recorded_states) -> None:
    """``tools/write_model_index.py --check`` does this for all, in minutes."""
    if not entry.config:
        assert entry.note
        return
    with torch.device("meta"):
        model = MODELS.build(load(entry.config_path).model.to_dict())
    shapes = {key: tuple(value.shape) for key, value in model.state_dict().items()}
    assert shapes == recorded_states.get(entry.config_path.stem, shapes)
    assert shapes


@pytest.mark.parametrize(
    ("alias", "name"),
    [
        ("human", "rtmpose-m_8xb256-420e_body8-256x192"),
        ("body", "rtmpose-m_8xb256-420e_body8-256x192"),
        ("RTMPose-m", "rtmpose-m_8xb256-420e_body8-256x192"),
        ("rtmpose-l", "rtmpose-l_8xb256-420e_body8-384x288"),
        ("body26", "rtmpose-m_8xb512-700e_body8-halpe26-256x192"),
        ("wholebody", "rtmw-m_8xb1024-270e_cocktail14-256x192"),
        ("face", "rtmpose-m_8xb64-120e_lapa-256x256"),
        ("hand", "rtmpose-m_8xb256-210e_hand5-256x256"),
        ("animal", "rtmpose-m_8xb64-210e_ap10k-256x256"),
        ("human3d", "motionbert_dstformer-ft-243frm_8xb32-120e_h36m"),
        ("hand3d", "internet_res50_4xb16-20e_interhand3d-256x256"),
        ("rtmo-l", "rtmo-l_16xb16-600e_body7-640x640"),
        ("vitpose-h", "td-hm_ViTPose-huge-simple_8xb64-210e_coco-256x192"),
        ("edpose", "edpose_res50_8xb2-50e_coco-800x1333"),
        ("rtmpose-m-onnx", "rtmpose-m_8xb256-420e_body8-256x192-onnx"),
        ("td-hm_res50_8xb64-210e_coco-256x192", "td-hm_res50_8xb64-210e_coco-256x192"),
        ("yolo-x_8xb8-300e_coco-face_13274d7c.pth", "yolo-x_8xb8-300e_coco-face"),
    ],
)
def test_names_that_people_know(alias: str, name: str) -> None:
    assert find(alias).name == name


def test_a_typo_gets_suggestions() -> None:
    with pytest.raises(UnknownModelError, match=r"'rtmpsoe-m'; did you mean 'rtmpose-m'"):
        find("rtmpsoe-m")
    with pytest.raises(UnknownModelError, match="the nearest are"):
        find("qqqq")


def test_an_alias_gives_way_to_configs_and_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert is_alias("human")
    assert not is_alias("rtmpose-m_8xb256-420e_body8-256x192")
    (tmp_path / "human").touch()
    assert not is_alias("human")


def test_facts_are_sound() -> None:
    for entry in model_entries():
        assert entry.kind in KINDS
        assert entry.urls[0].startswith("https://")
        assert not entry.sha256 or (set(entry.sha256) <= set("0123456789abcdef") and entry.sha256 in entry.file)
        assert not (entry.sha256 and entry.is_onnx)  # their names have the digits of the weights inside
        assert entry.commercial in licences.VERDICTS


YES = licences.Terms("yes", "MIT")
NO = licences.Terms("no", "CC BY-NC 4.0")


@pytest.mark.parametrize(
    ("terms", "verdict"),
    [
        ([YES, YES], "yes"),
        ([YES, licences.NOT_KNOWN], "unclear"),
        ([YES, licences.NOT_KNOWN, NO], "no"),
    ],
)
def test_the_worst_part_decides(terms: list[licences.Terms], verdict: str) -> None:
    assert licences.verdict_of(terms) == verdict


def test_slips_of_the_published_list_are_corrected() -> None:
    assert find("rtmo-s_8xb32-600e_coco-640x640").scores == {"COCO AP": 0.677}
    assert find("rtmo-s_8xb32-600e_coco-640x640").training_data == ("COCO",)
    assert "PoseTrack18" in find("rtmo-l_16xb16-700e_body7-crowdpose-640x640").training_data
    assert "InterHand2.6M" in find("rtmw-x").training_data
    assert find("face").scores == {"LaPa NME": 1.29}


def test_what_nobody_states_is_unclear() -> None:
    assert find("rfdetr_l_v142_704x704-onnx").terms["data"] == licences.NOT_KNOWN
    assert find("rfdetr_l_v142_704x704-onnx").commercial == "unclear"
    assert find("wholebody").commercial == "no"
    assert find("td-hm_res50_8xb64-210e_coco-256x192").commercial == "unclear"
    assert find("top_down_256x192_global_small").terms["code"] == licences.NOT_KNOWN


def test_what_is_not_confirmed_is_unclear() -> None:
    unconfirmed = {name for name, terms in licences.DATA.items() if terms.text == licences.UNCONFIRMED}
    assert unconfirmed == {"AFLW", "DeepFashion2", "LaPa", "PoseTrack18", "RHD", "RHD2d", "UBody", "WFLW"}
    assert {licences.DATA[name].commercial for name in unconfirmed} == {"unclear"}
    assert find("animal").commercial == "no"  # AP-10K
    assert find("human3d").commercial == "no"


def test_yes_needs_the_page_that_says_so() -> None:
    every = [*licences.DATA.values(), *licences.PUBLISHERS.values()]
    assert all(terms.url for terms in every)
    for entry in model_entries():
        if entry.commercial == "yes":
            assert all(terms.commercial == "yes" for terms in entry.terms.values())
            assert all(terms.url for part, terms in entry.terms.items() if part != "code")


def test_finding_a_model_imports_neither_torch_nor_cv2() -> None:
    code = (
        "import sys; from posekit.zoo import find, weights_file; find('human').config_path; "
        "print({'torch', 'cv2', 'numpy', 'pooch'} & set(sys.modules))"
    )
    root = Path(__file__).resolve().parents[2]
    environment = {**os.environ, "PYTHONPATH": str(root)}
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=environment)
    assert run.stdout.strip() == "set()"
