"""The examples in the docstrings of public entry points run and say what comes out."""

from __future__ import annotations

import doctest
import importlib

import pytest

EXAMPLES = {
    "posekit.apis.inference": "init_model",
    "posekit.apis.pose": "Pose",
    "posekit.codecs.msra_heatmap": "MSRAHeatmap",
    "posekit.codecs.regression_label": "RegressionLabel",
    "posekit.codecs.simcc_label": "SimCCLabel",
    "posekit.config.load": "load",
    "posekit.datasets.datasets.body": "CocoDataset",
    "posekit.datasets.transforms.keypoint_converter": "KeypointConverter",
    "posekit.evaluation.average_precision": "score_poses",
    "posekit.geometry.affine": "Affine",
    "posekit.inference.results": "PoseResult",
    "posekit.inference.sequence": "PoseSequence",
    "posekit.keypoints.mapping": "KeypointMapping",
    "posekit.keypoints.skeleton": "Skeleton",
    "posekit.registry.registry": "Registry",
    "posekit.tracking.one_euro": "one_euro",
    "posekit.tracking.smoothing": "savgol median gaussian fill_gaps",
    "posekit.tracking.tracker": "Tracker",
    "posekit.visualization.draw": "draw_pose",
    "posekit.zoo.model_index": "get_model_aliases",
}
"""The names with examples in each module."""


@pytest.mark.parametrize("module", EXAMPLES)
def test_examples(module):
    tests = {test.name.removeprefix(f"{module}."): test for test in examples_of(module)}
    missing = [name for name in EXAMPLES[module].split() if name not in tests]
    assert not missing, f"no example in the docstrings of {missing}"
    runner = doctest.DocTestRunner(optionflags=doctest.REPORT_NDIFF)
    report: list[str] = []
    for test in tests.values():
        runner.run(test, out=report.append)
    assert not runner.failures, "".join(report)


def examples_of(module: str) -> list[doctest.DocTest]:
    """Return the docstrings of a module that have examples."""
    return [test for test in doctest.DocTestFinder().find(importlib.import_module(module)) if test.examples]
