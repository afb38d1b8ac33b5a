# The embedded default's detector, second half: goes on from the weights of the 224 run at the size of prediction.
_base_ = "rtmdet-lite0_people-224.py"
load_from = "work_dirs/rtmdet-lite0_people-224/last.pth"
max_epochs = 12
train_cfg = dict(max_epochs=max_epochs)
optim_wrapper = dict(optimizer=dict(lr=6e-4))
param_scheduler = {1: dict(eta_min=1e-5, end=max_epochs, T_max=max_epochs)}
input_size = (320, 320)
move = dict(**{**_base_.move, "input_size": input_size})
train_dataloader = dict(dataset=dict(pipeline=[dict(type="LoadImage"), move, *_base_.finish]))
