# A mouse seen from above, as docs/en/own_data.md imports it: one animal, looked for in the whole image.
_base_ = "posekit::_base_/recipes/td_hm.py"
dataset = "coco_style"
data_root = "{{$POSEKIT_DATA:data}}/openfield/"
num_keypoints = 4
backbone = "cspnext"
size = "t"
input_size = (192, 192)
codec = dict(unbiased=True)
load_image = dict(cache="ram")
padding = 1.0
jitter = dict(shift_factor=0.1, scale_factor=[0.7, 1.2], rotate_factor=180, rotate_prob=0.9)
after_crop = [dict(type="YOLOXHSVRandomAug")]
schedule = "short_cosine"
half_precision = False
weight_decay = 0.01
warm_up_steps = 50
warm_up_factor = 1e-2
max_epochs = 80
val_interval = 10
batch_size = 8
num_workers = 0
val_evaluator = [
    dict(type="EPE"),
    dict(type="PCKAccuracy", thr=0.05, prefix="wide"),
    dict(type="PCKAccuracy", thr=0.02),
]
save_best = "EPE"
save_rule = "less"
max_keep_ckpts = 1
model = dict(head=dict(deconv_out_channels=(64, 64, 64), loss=dict(loss_weight=100.0)))
optim_wrapper = dict(paramwise_cfg=None)
