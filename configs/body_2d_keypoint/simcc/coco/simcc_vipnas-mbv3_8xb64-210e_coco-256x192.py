_base_ = "../../../_base_/recipes/simcc.py"
dataset = "coco"
backbone = "vipnas_mobilenetv3"
jitter = dict(_delete_=True)
model = dict(
    head=dict(deconv_type="vipnas", deconv_out_channels=(160, 160, 160), deconv_num_groups=(160, 160, 160)),
)
