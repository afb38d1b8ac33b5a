_base_ = "../../../_base_/recipes/td_hm.py"
dataset = "animalkingdom"
protocol = "P1"
backbone = "hrnet"
width = 32
input_size = (256, 256)
optim_wrapper = dict(optimizer=dict(type="AdamW"))
batch_size = 32
val_batch_size = 24
base_batch_size = 512
max_epochs = 300
decay_end = 210
