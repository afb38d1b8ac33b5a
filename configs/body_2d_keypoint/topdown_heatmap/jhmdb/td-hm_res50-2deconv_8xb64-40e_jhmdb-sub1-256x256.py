_base_ = "../../../_base_/recipes/td_hm.py"
dataset = "jhmdb"
split = 1
backbone = "resnet"
depth = 50
input_size = (256, 256)
stride = 8
model = dict(head=dict(deconv_out_channels=(256, 256), deconv_kernel_sizes=(4, 4)))
pretrained = None
load_from = "https://download.openmmlab.com/mmpose/top_down/resnet/res50_mpii_256x256-418ffc88_20200812.pth"
max_epochs = 40
milestones = [20, 30]
val_interval = 1
