from __future__ import annotations

import shutil

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("onnx")
pytest.importorskip("onnxscript")

from posekit.apis import inference_topdown  # noqa: E402
from posekit.codecs.msra_heatmap import MSRAHeatmap  # noqa: E402
from posekit.export import onnx as module  # noqa: E402
from posekit.export.onnx import ParityError, export_onnx  # noqa: E402
from posekit.inference.networks.exported import ExportedNetwork  # noqa: E402
from posekit.inference.pose_model import PoseModel  # noqa: E402
from posekit.models.backbones.base import BaseBackbone  # noqa: E402
from posekit.models.data_preprocessors.pose_data_preprocessor import PoseDataPreprocessor  # noqa: E402
from posekit.models.heads.heatmap_head import HeatmapHead  # noqa: E402
from posekit.models.pose_estimators.topdown import TopdownPoseEstimator  # noqa: E402

CODEC = dict(type="MSRAHeatmap", input_size=(48, 64), heatmap_size=(12, 16), sigma=2)
META = dict(
    dataset_name="three", keypoint_id2name={0: "left", 1: "right", 2: "top"}, flip_indices=[1, 0, 2], num_keypoints=3,
    skeleton_links=[[0, 2], [1, 2]], keypoint_colors=np.eye(3, dtype=np.uint8) * 255,
    skeleton_link_colors=np.full((2, 3), 9, np.uint8), sigmas=np.full(3, 0.05, np.float32),
    upper_body_ids=[0, 1, 2], lower_body_ids=[], dataset_keypoint_weights=np.ones(3, np.float32), flip_pairs=[[0, 1]],
)  # fmt: skip


class TwoConvolutions(BaseBackbone):
    def __init__(self) -> None:
        super().__init__()
        self.layers = torch.nn.Sequential(
            torch.nn.Conv2d(3, 8, 5, 2, 2), torch.nn.BatchNorm2d(8), torch.nn.ReLU(), torch.nn.Conv2d(8, 16, 3, 2, 1)
        )

    def forward(self, x):
        return (self.layers(x),)


def small_model():
    torch.manual_seed(0)
    model = TopdownPoseEstimator(
        TwoConvolutions(),
        head=HeatmapHead(
            16, 3, deconv_out_channels=None, decoder=MSRAHeatmap(**{k: v for k, v in CODEC.items() if k != "type"})
        ),
        data_preprocessor=PoseDataPreprocessor([120, 110, 100], [60, 50, 40], bgr_to_rgb=True),
        test_cfg=dict(flip_test=True, flip_mode="heatmap", shift_heatmap=True),
    ).eval()
    pipeline = [
        dict(type="LoadImage"), dict(type="mmpose.GetBBoxCenterScale", padding=1.1),
        dict(type="TopdownAffine", input_size=(48, 64)), dict(type="PackPoseInputs"),
    ]  # fmt: skip
    model.cfg = dict(
        model=dict(head=dict(decoder=CODEC), test_cfg=model.test_cfg),
        test_dataloader=dict(dataset=dict(pipeline=pipeline)),
    )
    model.dataset_meta = META
    return model


@pytest.fixture(scope="module")
def model():
    return small_model()


@pytest.fixture(scope="module")
def exported(model, tmp_path_factory):
    path = tmp_path_factory.mktemp("export") / "new" / "model.onnx"
    return path, export_onnx(model, path, card=dict(trained_on="nothing"))


@pytest.fixture
def no_tracing(exported, monkeypatch):
    """Take the file that was exported before instead of tracing again."""
    monkeypatch.setattr(module, "write_graph", lambda deployed, info, path, half: shutil.copy(exported[0], path))


def test_reports_agreement_and_leaves_one_file(exported):
    path, parity = exported
    assert parity.output_error < 1e-5
    assert parity.agreeing == 1
    assert "100.0 % agree within 0.5 px" in str(parity)
    assert list(path.parent.iterdir()) == [path]


def test_the_file_says_all_about_itself(exported):
    info = PoseModel(exported[0]).info
    assert info.names == ("left", "right", "top")
    assert info.padding == pytest.approx(1.1)
    assert info.flip_test
    assert info.flip_options == dict(flip_mode="heatmap", shift_heatmap=True, shift_coords=True)
    assert info.card == dict(trained_on="nothing")
    assert info.colors[0] == (255, 0, 0)


def test_older_runtimes_open_the_file(exported):
    import onnx

    graph = onnx.load(str(exported[0]))
    onnx.checker.check_model(graph)
    assert graph.ir_version == 8  # ONNX Runtime 1.17 reads up to 9
    assert [(opset.domain, opset.version) for opset in graph.opset_import] == [("", 18)]


def test_the_file_names_no_path_of_the_machine_that_wrote_it(exported):
    assert b".py" not in exported[0].read_bytes()


def test_predicts_what_the_model_predicts(model, exported):
    image = np.random.default_rng(0).integers(0, 255, (90, 120, 3), np.uint8)
    boxes = np.array([[10, 10, 60, 80], [30, 5, 110, 85], [0, 0, 20, 20]], np.float32)
    found = PoseModel(exported[0]).predict(image, boxes)
    wanted = [sample.pred_instances for sample in inference_topdown(model, image, boxes)]
    np.testing.assert_allclose(found.keypoints, np.concatenate([one.keypoints for one in wanted]), atol=1e-2)
    np.testing.assert_allclose(
        found.keypoint_scores, np.concatenate([one.keypoint_scores for one in wanted]), atol=1e-4
    )


def test_half_weights_are_smaller_and_nearly_as_good(exported, tmp_path):
    import onnx

    graph = onnx.load(str(exported[0]))
    module.halve_weights(graph)
    onnx.save(graph, str(tmp_path / "half.onnx"))
    assert (tmp_path / "half.onnx").stat().st_size < exported[0].stat().st_size
    crops = module.made_up_crops(ExportedNetwork.open(exported[0]).recipe, 4)
    full, half = (ExportedNetwork.open(path).compute(crops) for path in (exported[0], tmp_path / "half.onnx"))
    np.testing.assert_allclose(half, full, atol=0.02 * np.abs(full).max())


def test_a_file_that_disagrees_is_not_left(no_tracing, tmp_path):
    other = small_model()
    with torch.no_grad():
        other.head.final_layer.bias += 1
    with pytest.raises(ParityError, match="differs from the trained one, so no file was written"):
        export_onnx(other, tmp_path / "x.onnx")
    assert list(tmp_path.iterdir()) == []


def test_an_older_file_survives_a_failed_export(no_tracing, tmp_path):
    (tmp_path / "x.onnx").write_text("old")
    other = small_model()
    with torch.no_grad():
        other.head.final_layer.weight.mul_(-1)
    with pytest.raises(ParityError):
        export_onnx(other, tmp_path / "x.onnx")
    assert (tmp_path / "x.onnx").read_text() == "old"


def test_crops_of_ones_own(no_tracing, model, tmp_path):
    parity = export_onnx(model, tmp_path / "x.onnx", crops=np.zeros((2, 3, 64, 48), np.float32))
    assert parity.crops == 2


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (dict(test_dataloader=None), r"no TopdownAffine \(it is empty\)"),
        (dict(test_dataloader=dict(dataset=dict(pipeline=[dict(type="BottomupResize")]))), r"\(BottomupResize\)"),
        ({"model": {"head": {}}}, "has no decoder"),
    ],
)
def test_models_that_cannot_be_exported(change, message, tmp_path):
    model = small_model()
    model.cfg = model.cfg | change
    with pytest.raises(ValueError, match=message):
        export_onnx(model, tmp_path / "x.onnx")


def test_keypoints_with_depth_are_exported_in_the_camera_space_only(tmp_path):
    model = small_model()
    model.test_cfg["mode"] = "vis"
    with pytest.raises(ValueError, match=r"model.test_cfg.mode: 'vis'; an exported model .* '3d'"):
        export_onnx(model, tmp_path / "x.onnx")
