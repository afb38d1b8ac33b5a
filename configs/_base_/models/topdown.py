# A top-down estimator with ImageNet colour statistics; a config adds backbone and head.
model = dict(
    type="TopdownPoseEstimator",
    data_preprocessor=dict(
        type="PoseDataPreprocessor",
        mean=[123.675, 116.28, 103.53],
        std=[58.395, 57.12, 57.375],
        bgr_to_rgb=True,
    ),
    test_cfg=dict(flip_test=True),
)
