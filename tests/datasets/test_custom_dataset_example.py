"""The example of a dataset of one's own reads its CSV file."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest

from posekit.registry import DATASETS

EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "custom_dataset.py"


@pytest.mark.parametrize("data_mode", ["topdown", "bottomup"])
def test_reads_a_csv_file(tmp_path, data_mode):
    spec = importlib.util.spec_from_file_location("custom_dataset", EXAMPLE)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    DATASETS.classes.pop("CsvDataset")  # not for the other tests
    (tmp_path / "train.csv").write_text(
        "a.jpg,10,10,1,20,30,2,0,0,0,50,20,1\nb.jpg,1,1,1,2,3,2,4,4,1,5,2,1\na.jpg,60,10,1,70,30,2,0,0,0,90,20,1\n"
    )
    dataset = module.CsvDataset(
        "train.csv", data_root=str(tmp_path), data_prefix=dict(img="images"), data_mode=data_mode
    )
    info = dataset[0]
    assert len(dataset) == {"topdown": 3, "bottomup": 2}[data_mode]
    assert info["img_path"] == str(tmp_path / "images" / "a.jpg")
    assert info["bbox"][0].tolist() == [6, 8, 54, 32]
    assert info["keypoints"].shape == ({"topdown": 1, "bottomup": 2}[data_mode], 4, 2)
    assert dataset.metainfo["dataset_name"] == "fish"
