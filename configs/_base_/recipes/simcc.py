# SimCC: a classification of each keypoint's column and row, finer than pixels (arXiv 2107.03332).
input_size: tuple = (192, 256)
codec: dict = dict(type="SimCCLabel", input_size=input_size, sigma=6.0, simcc_split_ratio=2.0)
_base_ = "topdown.py"
model = dict(
    head=dict(
        type="SimCCHead",
        in_channels=_base_.channels,
        out_channels=_base_.num_keypoints,
        input_size=input_size,
        in_featuremap_size=(input_size[0] // 32, input_size[1] // 32),
        simcc_split_ratio=codec["simcc_split_ratio"],
        loss=dict(type="KLDiscretLoss", use_target_weight=True),
        decoder=codec,
    ),
)
