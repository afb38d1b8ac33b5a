# The embedded default's pose model, first half: small crops, which a CPU trains on three times as fast.
_base_ = "../../../_base_/recipes/td_hm.py"
dataset = "people"
backbone = "efficientnet_lite0"
input_size = (96, 128)
sigma = 1.5
udp = True
codec = dict(blur_kernel_size=7)
after_crop = [dict(type="YOLOXHSVRandomAug")]
schedule = "short_cosine"
half_precision = False
lr = 8e-4
final_lr = 3e-4
warm_up_steps = 200
warm_up_factor = 1e-2
max_epochs = 6
val_interval = 1
optim_wrapper = dict(
    paramwise_cfg=dict(_delete_=True, custom_keys={"backbone": dict(lr_mult=0.4)}), clip_grad=dict(max_norm=1.0)
)
model = dict(
    data_preprocessor=dict(mean=[127.0, 127.0, 127.0], std=[128.0, 128.0, 128.0]),
    head=dict(loss=dict(loss_weight=100.0)),
)
train_dataloader = dict(drop_last=True)
custom_hooks = [dict(type="EMAHook", ema_type="ExpMomentumEMA", momentum=1e-3, gamma=200, update_buffers=True)]
env_cfg = dict(num_threads=1)
