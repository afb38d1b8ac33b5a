_base_ = "../../../_base_/recipes/td_hm.py"
dataset = "coco_and_aic"
combine = True
backbone = "hrnet"
width = 32
max_keep_ckpts = 3
model = dict(
    metainfo=dict(from_file="configs/_base_/datasets/coco_aic.py"),
    test_cfg=dict(output_keypoint_indices=list(range(17))),
)
