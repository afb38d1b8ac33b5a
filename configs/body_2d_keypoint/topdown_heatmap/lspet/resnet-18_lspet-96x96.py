# A ResNet-18 with narrow deconvolutions, small enough to train from scratch on a CPU.
_base_ = "../../../_base_/recipes/td_hm.py"
dataset = "lspet"
backbone = "resnet"
depth = 18
pretrained = None
input_size = (96, 96)
sigma = 1.5
after_crop = [dict(type="YOLOXHSVRandomAug")]
schedule = "short_cosine"
lr = 1e-3
max_epochs = 75
model = dict(head=dict(deconv_out_channels=(96, 96, 96), loss=dict(loss_weight=100.0)))
