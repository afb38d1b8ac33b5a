# Associative embedding: a heatmap and a tag per keypoint; equal tags are one person (arXiv 1611.05424).
input_size: tuple = (512, 512)
codec: dict = dict(
    type="AssociativeEmbedding",
    input_size=input_size,
    heatmap_size=(input_size[0] // 4, input_size[1] // 4),
    sigma=2,
    decode_topk=30,
    decode_center_shift=0.5,
    decode_keypoint_order=[0, 1, 2, 3, 4, 5, 6, 11, 12, 7, 8, 9, 10, 13, 14, 15, 16],
    decode_max_instances=30,
)
train_pipeline = []  # published for inference only
score_mode = "bbox"
size_factor = 64
_base_ = "bottomup.py"
model = dict(
    head=dict(
        type="AssociativeEmbeddingHead",
        in_channels=_base_.channels,
        num_keypoints=_base_.num_keypoints,
        tag_dim=1,
        tag_per_keypoint=True,
        deconv_out_channels=None,
        keypoint_loss=dict(type="KeypointMSELoss", use_target_weight=True),
        tag_loss=dict(type="AssociativeEmbeddingLoss", loss_weight=0.001),
        # The maps are decoded at the size of the input, to which the test enlarges them.
        decoder=dict(codec, heatmap_size=input_size),
    ),
    test_cfg=dict(restore_heatmap_size=True),
)
