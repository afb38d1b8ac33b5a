_base_ = "../../../_base_/recipes/simcc.py"
dataset = "coco"
backbone = "mobilenetv2"
model = dict(head=dict(deconv_out_channels=None))
