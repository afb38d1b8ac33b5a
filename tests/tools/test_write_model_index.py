"""The index of released models is what its tool makes of the facts."""

from __future__ import annotations

import json
import runpy
from pathlib import Path
from typing import Any

import pytest

from posekit.zoo.model_index import INDEX

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def tool() -> dict[str, Any]:
    return runpy.run_path(str(ROOT / "tools" / "write_model_index.py"))


def test_the_index_is_up_to_date(tool: dict[str, Any], shared: Path) -> None:
    facts = json.loads((shared / "facts" / "model_zoo.json").read_text(encoding="utf-8"))
    entries = tool["more_models"](facts["more_files"], tool["pose_models"](facts["models"]))
    assert tool["index_text"](entries) == INDEX.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("stem", "name"),
    [
        (
            "rtmpose-x_simcc-body7_pt-body7_700e-384x288-71d7b7e9_20230629",
            "rtmpose-x_simcc-body7_pt-body7_700e-384x288",
        ),
        ("rtmdet_m_8xb32-300e_coco_20220719_112220-229f527c", "rtmdet_m_8xb32-300e_coco"),
        ("rtmw-dw-l-m_simcc-cocktail14_270e-256x192_20231122", "rtmw-dw-l-m_simcc-cocktail14_270e-256x192"),
        ("yolo-x_8xb8-300e_coco-face_13274d7c", "yolo-x_8xb8-300e_coco-face"),
        ("yolox_m", "yolox_m"),
    ],
)
def test_names_lose_hash_and_date(tool: dict[str, Any], stem: str, name: str) -> None:
    assert tool["bare"](stem) == name
