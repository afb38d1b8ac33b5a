from __future__ import annotations

import json

import numpy as np
import pytest

from posekit.cli import main as cli

NAMES = ["left_hand", "right_hand", "head"]


def call(*arguments: object) -> int:
    with pytest.raises(SystemExit) as done:
        cli.main(["report", *map(str, arguments)])
    return int(done.value.code or 0)


@pytest.fixture
def files(tmp_path, monkeypatch):
    """Labels, good results and worse ones."""
    monkeypatch.setenv("COLUMNS", "160")
    rng = np.random.default_rng(0)
    images, labels, results = range(12), [], {"good": [], "worse": []}
    for image in images:
        points = rng.uniform(0, 100, (3, 2))
        flat = np.c_[points, np.full(3, 2)].ravel().tolist()
        label = dict(
            id=image, image_id=image, category_id=1, bbox=[0, 0, 100, 100], area=9000, iscrowd=0, keypoints=flat
        )
        labels.append(label)
        for name, noise in (("good", 1), ("worse", 12)):
            noisy = np.c_[points + rng.normal(0, noise, (3, 2)), np.ones(3)].ravel().tolist()
            results[name].append(dict(image_id=image, category_id=1, keypoints=noisy, score=float(rng.random())))
    category = dict(id=1, name="thing", keypoints=NAMES)
    content = dict(images=[dict(id=i) for i in images], annotations=labels, categories=[category])
    for name, rows in (("labels", content), *results.items()):
        (tmp_path / f"{name}.json").write_text(json.dumps(rows))
    return [tmp_path / f"{name}.json" for name in ("labels", "good", "worse")]


def test_one_results_file(files, capsys):
    assert call(*files[:2], "--sigmas", "0.05", "--bootstrap", "50") == 0
    text = capsys.readouterr().out
    assert "PCK@0.1" in text
    assert all(name in text for name in [*NAMES, "inversion", "missed person", "AP gain"])
    assert "difference" not in text
    assert "1.000 [1.000, 1.000]" in text


@pytest.mark.parametrize("width", [80, 30])
def test_no_word_is_broken_on_a_narrow_terminal(files, capsys, monkeypatch, width):
    monkeypatch.setenv("COLUMNS", str(width))
    labels = json.loads(files[0].read_text())
    labels["categories"][0]["keypoints"] = names = ["left_upper_hand", "right_upper_hand", "middle_of_head"]
    files[0].write_text(json.dumps(labels))
    assert call(*files, "--sigmas", "0.05", "--bootstrap", "20") == 0
    text = capsys.readouterr().out
    assert all(word in text for word in [*names, "inversion", "worse.json", "difference"])
    assert "…" not in text


def test_areas_that_are_missing_are_told(files, capsys):
    call(*files[:2], "--sigmas", "0.05", "--bootstrap", "0")
    assert "no area" not in capsys.readouterr().out
    content = json.loads(files[0].read_text())
    del content["annotations"][0]["area"]
    files[0].write_text(json.dumps(content))
    assert call(*files[:2], "--sigmas", "0.05", "--bootstrap", "0") == 0
    assert "1 of 12 annotations have no area: the OKS of all takes 0.53 of their boxes" in capsys.readouterr().out


def test_keypoints_that_coincide_are_told(files, capsys, tmp_path):
    call(*files[:2], "--sigmas", "0.05", "--bootstrap", "0")
    assert "warning" not in capsys.readouterr().err
    rows = json.loads(files[1].read_text())
    for row in rows:
        row["keypoints"][3:6] = row["keypoints"][:3]
    files[1].write_text(json.dumps(rows))
    page = tmp_path / "report.html"
    assert call(*files[:2], "--sigmas", "0.3", "--bootstrap", "0", "--out", page) == 0
    words = "does not tell apart, by the median distance: left_hand and right_hand (0.0 px apart, labelled"
    assert f"warning: good.json: keypoints that the model {words}" in capsys.readouterr().err
    assert words in page.read_text()


def test_comparison_and_page(files, capsys, tmp_path):
    out = tmp_path / "new" / "report.html"
    assert call(*files, "--sigmas", "0.05", "--bootstrap", "100", "--out", out) == 0
    text = capsys.readouterr().out
    row = next(line for line in text.splitlines() if "AP .75" in line).split()
    assert float(row[-1]) < 0.05  # p
    assert row[8].startswith("-")  # the difference, after two values with their intervals
    page = out.read_text()
    assert page.count("<svg") == 4
    assert page.index("AP .75") < page.index("<svg")
    assert "good.json" in page
    assert list(out.parent.iterdir()) == [out]


def test_the_page_is_there_before_anybody_stops_reading(files, tmp_path, monkeypatch):
    def stop(*_, **__):
        raise SystemExit(9)

    monkeypatch.setattr("posekit.cli.report.print_table", stop)
    assert call(*files, "--sigmas", "0.05", "--bootstrap", "0", "--out", tmp_path / "report.html") == 9
    assert (tmp_path / "report.html").stat().st_size > 5000


def test_of_many_predictions_some_count(files, capsys):
    results = json.loads(files[1].read_text())
    wrong = [row | dict(keypoints=[900.0] * len(row["keypoints"]), score=9.0) for row in results]
    files[1].write_text(json.dumps(wrong * 20 + results))
    values = {}
    for count in (20, 100):
        assert call(*files[:2], "--sigmas", "0.05", "--bootstrap", "0", "--max-dets", count) == 0
        rows = [line.split() for line in capsys.readouterr().out.splitlines() if "(" not in line]
        values[count] = {row[0]: float(row[1]) for row in rows if len(row) == 2 and row[0] in ("AR", "PCK@0.1")}
    assert values == {20: {"AR": 0, "PCK@0.1": 0}, 100: {"AR": 1, "PCK@0.1": 1}}


def test_without_resamples_there_are_no_intervals(files, capsys):
    assert call(*files, "--sigmas", "0.05", "--bootstrap", "0") == 0
    assert "[" not in capsys.readouterr().out


def test_files_of_one_name_are_told_apart(files, capsys, tmp_path):
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "good.json").write_bytes(files[2].read_bytes())
    assert call(*files[:2], tmp_path / "other" / "good.json", "--sigmas", "0.05", "--bootstrap", "0") == 0
    assert "other" in capsys.readouterr().out


@pytest.mark.parametrize("rows", [[], [dict(image_id="a", keypoints=[1, 2, 3, 4, 5, 6], score=1)]])
def test_nothing_labelled_or_found_is_no_crash(rows, capsys, tmp_path):
    labels = dict(images=[dict(id="a")], annotations=[], categories=[dict(keypoints=["x", "y"])])
    for name, content in (("labels", labels), ("results", rows)):
        (tmp_path / f"{name}.json").write_text(json.dumps(content))
    paths = [tmp_path / f"{name}.json" for name in ("labels", "results")]
    assert call(*paths, "--sigmas", "0.1", "--bootstrap", "5", "--out", tmp_path / "report.html") == 0
    line = next(line for line in capsys.readouterr().out.splitlines() if "false positive" in line)
    assert line.split()[2] == str(len(rows))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["labels.json", "good.json"], "give --sigmas"),
        (
            ["labels.json", "labels.json", "--sigmas", "0.1"],
            "no image has the name of one that the annotation file lists",
        ),
        (["labels.json", "good.json", "good.json", "--sigmas", "0.1"], "given twice"),
        (["good.json", "good.json"], "a COCO annotation file has both"),
        (["labels.json", "none.json", "--sigmas", "0.1"], "none.json' is not there"),
        (["labels.json", "good.json", "--sigmas", "0.1", "--out", "."], ".: is a folder; name a file to write"),
    ],
)
def test_mistakes_are_one_line(files, arguments, message, capsys, monkeypatch):
    monkeypatch.chdir(files[0].parent)
    assert call(*arguments) == cli.USER_ERROR
    error = capsys.readouterr().err
    assert message in error
    assert error.count("\n") == 1
