# YOLOX-Pose as MMYOLO trains it: boxes decide which points learn a person, and distances are relative to diagonals.
keypoint_set: str = "configs/_base_/datasets/coco.py"
size: str = "l"
input_size: tuple = (640, 640)
val_input_size: tuple = input_size
grey = dict(img=(114.0, 114.0, 114.0))
pad = dict(type="Pad", pad_to_square=True, pad_val=grey)
moved = dict(
    _delete_=True,
    type="RandomAffine",
    scaling_ratio_range=(0.75, 1.0),
    border=(-input_size[0] // 2, -input_size[1] // 2),
)
whole = [dict(type="Resize", scale=input_size, keep_ratio=True), pad]
val_whole = [dict(type="Resize", scale=val_input_size, keep_ratio=True), pad]
val_evaluator = dict(score_mode="bbox", nms_mode="oks_nms")
max_grad_norm = None
save_best = "coco/AP"
detector = dict(
    t="tiny_fast_8xb32-300e-rtmdet-hyp_coco/yolox_tiny_fast_8xb32-300e-rtmdet-hyp_coco_20230210_143637-4c338102",
    s="s_fast_8xb32-300e-rtmdet-hyp_coco/yolox_s_fast_8xb32-300e-rtmdet-hyp_coco_20230210_134645-3a8dfbd7",
    m="m_fast_8xb32-300e-rtmdet-hyp_coco/yolox_m_fast_8xb32-300e-rtmdet-hyp_coco_20230210_144328-e657e182",
    l="l_fast_8xb8-300e_coco/yolox_l_fast_8xb8-300e_coco_20230213_160715-c731eb1c",
)[size]
_base_ = "yoloxpose.py"
model = dict(
    init_cfg=dict(
        _delete_=True,
        type="Pretrained",
        checkpoint=f"https://download.openmmlab.com/mmyolo/v0/yolox/yolox_{detector}.pth",
    ),
    backbone=dict(init_cfg=None),
    head=dict(
        head_module_cfg=dict(rarely_visible=True),
        cell_offset=0.5,
        relative_to="diagonal",
        assigner=dict(
            oks_weight=0.0,
            dynamic_k_indicator="iou",
            quality_indicator="oks",
            oks_calculator=dict(type="PoseOKS", metainfo=keypoint_set),
        ),
        loss_vis=dict(_delete_=True, type="BCELoss", reduction="sum"),
    ),
    test_cfg=dict(score_thr=0.001),
)
