# Leeds Sports Pose Extended as COCO-style files: 14 keypoints of one person per photograph, small enough for memory.
data_root = "{{$POSEKIT_DATA:data}}/lspet/"
train_file = "annotations/train.json"
val_file = "annotations/val.json"
images = "images/"
keypoint_set = "configs/_base_/datasets/lsp.py"
num_keypoints = 14
_base_ = "coco_style.py"
val_evaluator = [
    dict(type="PCKAccuracy", thr=0.2, norm_item="torso"),
    dict(type="PCKAccuracy", thr=0.1, norm_item="bbox"),
]
save_best = "tPCK"
max_keep_ckpts = 1
jitter = dict(scale_factor=[0.7, 1.3], rotate_factor=60)
load_image = dict(cache="ram")
num_workers = 1
val_batch_size = 64
