_base_ = "../../../_base_/recipes/cspnext_udp.py"
dataset = "aic_coco"
size = "s"
batch_size = 256
val_batch_size = 64
weight_decay = 0.0
combine = True
model = dict(test_cfg=dict(_delete_=True, flip_test=False, output_keypoint_indices=list(range(17))))
