# RTMO on CrowdPose: longer, with images and people that are scaled and turned more.
dataset: str = "crowdpose"
keypoint_set = "configs/_base_/datasets/crowdpose.py"
size: str = "l"
crowdpose_folder = "crowdpose/"
crowdpose_images = "pose/CrowdPose/images/"
crowdpose = True
max_epochs = 700
refine_epoch = 350
last_epochs = 30
val_interval = 50
save_interval = 50
late_still = True
mle_weight = 1e-3
refine_all = True
center_by_keypoints = False
if dataset == "crowdpose":
    jitter = dict(shift_factor=0.2, rotate_factor=30, scale_factor=[0.5, 1.5])
    mix_up = [0.6, 1.6]
    val_evaluator = dict(ann_file=None)
_base_ = "rtmo.py"
param_scheduler = {1: dict(end=349), 2: dict(begin=349, end=350), 3: dict(begin=350)}
