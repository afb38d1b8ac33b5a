"""The check that training and the model use the same codec."""

from __future__ import annotations

import pytest

from posekit.codecs.agreement import check_codecs
from posekit.config import loads

CONFIG = """
codec = dict(type='MSRAHeatmap', input_size=(192, 256), heatmap_size=(48, 64), sigma=2)
coarse = dict(type='MSRAHeatmap', input_size=(192, 256), heatmap_size=[24, 32], sigma=2)
simcc = dict(type='SimCCLabel', input_size=(192, 256))
model = dict(head=dict(type='HeatmapHead', decoder={decoder}))
train_dataloader = dict(dataset=dict(datasets=[
    dict(pipeline=[
        dict(type='LoadImage', encoder=dict(type='Unrelated')),
        dict(type='GenerateTarget', encoder={encoder})])]))
"""
FREE = "dict(type='MSRAHeatmap', input_size=(192, 256), heatmap_size=(48, 64), sigma=2.0, unbiased=False)"


@pytest.mark.parametrize(
    ("encoder", "decoder"),
    [
        ("codec", "codec"),
        ("codec", FREE),
        ("[codec, coarse]", "coarse"),
        ("[codec, simcc]", "[simcc, codec]"),
        ("codec", "None"),
        ("None", "codec"),
        ("dict(type='Unknown')", "codec"),
        ("codec", "dict(type='Unknown')"),
        (
            "dict(type='MotionBERTLabel', num_keypoints=17, mode='train')",
            "dict(type='MotionBERTLabel', num_keypoints=17)",
        ),
    ],
)
def test_agreeing(encoder, decoder):
    assert check_codecs(loads(CONFIG.format(encoder=encoder, decoder=decoder))) == []


def test_a_codec_beside_a_decoder_of_queries_is_compared_too():
    config = CONFIG.replace("decoder={decoder}", "decoder=dict(num_layers=2), data_decoder={decoder}")
    assert check_codecs(loads(config.format(encoder="codec", decoder="codec"))) == []
    (problem,) = check_codecs(loads(config.format(encoder="codec", decoder="coarse")))
    assert problem.startswith("model.head.data_decoder (line 5): differs")


MOTION = """
train_codec = dict(type='MotionBERTLabel', num_keypoints=17, concat_vis=True, mode='train')
val_codec = dict(type='MotionBERTLabel', num_keypoints=17, concat_vis=True, rootrel=True)
model = dict(head=dict(type='MotionRegressionHead', decoder={decoder}))
train_dataloader = dict(dataset=dict(pipeline=[dict(type='GenerateTarget', encoder=train_codec)]))
{loader} = dict(dataset=dict(pipeline=[dict(type='GenerateTarget', encoder=val_codec)]))
"""


@pytest.mark.parametrize("loader", ["val_dataloader", "test_dataloader"])
def test_a_decoder_is_compared_with_the_data_that_it_decodes(loader):
    assert check_codecs(loads(MOTION.format(decoder="val_codec", loader=loader))) == []
    (problem,) = check_codecs(loads(MOTION.format(decoder="train_codec", loader=loader)))
    assert f"differs from the encoder at {loader}.dataset.pipeline.0.encoder (line 6): rootrel is" in problem


def test_config_without_training():
    assert check_codecs(loads("codec = dict(type='SimCCLabel')\nmodel = dict(head=dict(decoder=codec))")) == []


@pytest.mark.parametrize(
    ("encoder", "decoder", "message"),
    [
        (
            "[simcc, codec]",
            "coarse",
            "model.head.decoder (line 5): differs from the encoder at "
            "train_dataloader.dataset.datasets.0.pipeline.1.encoder.1 (line 9): "
            "heatmap_size is [24, 32] here and (48, 64) there; give both the same codec, best as one variable",
        ),
        (
            "codec",
            "simcc",
            "model.head.decoder (line 5): decodes SimCCLabel, but the data is encoded with MSRAHeatmap at "
            "train_dataloader.dataset.datasets.0.pipeline.1.encoder (line 9); give both the same codec, "
            "best as one variable",
        ),
        (
            "codec",
            "dict(type='mmpose.MSRAHeatmap', input_size=(192, 256), heatmap_size=(48, 64), sigma=2, unbiased=True)",
            "model.head.decoder (line 5): differs from the encoder at "
            "train_dataloader.dataset.datasets.0.pipeline.1.encoder (line 9): unbiased is True here and the default "
            "there; give both the same codec, best as one variable",
        ),
    ],
)
def test_disagreeing(encoder, decoder, message):
    config = loads(CONFIG.format(encoder=encoder, decoder=decoder))
    assert check_codecs(config) == [message]
    assert check_codecs(config.to_dict()) == [message.replace(" (line 5)", "").replace(" (line 9)", "")]
