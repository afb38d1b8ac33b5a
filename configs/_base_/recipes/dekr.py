# DEKR: people's centres, and from each centre the displacements of its keypoints (arXiv 2104.02300).
dataset: str = "coco"
width: int = 32
input_size: tuple = (512, 512)
codec: dict = dict(
    type="SPR",
    input_size=input_size,
    heatmap_size=(input_size[0] // 4, input_size[1] // 4),
    sigma=(4, 2),
    minimal_diagonal_length=32**0.5,
    generate_keypoint_heatmaps=True,
    decode_max_instances=30,
)
batch_size: int = 10
multiscale = True
_base_ = "bottomup.py"
# The network that scores whole poses, its weights and the two points (shoulders) it measures poses by.
rescore = dict(coco=(74, "kpt_rescore_coco-33d58c5c", (5, 6)), crowdpose=(59, "kpt_rescore_crowdpose-300c7efe", (0, 1)))
rescore_channels, rescore_file, norm_indexes = rescore[dataset]
model = dict(
    head=dict(
        type="DEKRHead",
        in_channels=_base_.channels,
        num_keypoints=_base_.num_keypoints,
        num_heatmap_filters=width,
        heatmap_loss=dict(type="KeypointMSELoss", use_target_weight=True),
        displacement_loss=dict(
            type="SoftWeightSmoothL1Loss",
            use_target_weight=True,
            supervise_empty=False,
            beta=1 / 9,
            loss_weight=0.002 if dataset == "coco" else 0.004,
        ),
        decoder=codec,
        rescore_cfg=dict(
            in_channels=rescore_channels,
            norm_indexes=norm_indexes,
            init_cfg=dict(
                type="Pretrained",
                checkpoint=f"https://download.openmmlab.com/mmpose/pretrain_models/{rescore_file}.pth",
            ),
        ),
    ),
    test_cfg=dict(nms_dist_thr=0.05, shift_heatmap=True),
)
find_unused_parameters = True
