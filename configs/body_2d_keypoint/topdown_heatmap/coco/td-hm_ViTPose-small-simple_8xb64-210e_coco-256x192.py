_base_ = "../../../_base_/recipes/td_hm.py"
dataset = "coco"
backbone = "vit"
size = "small"
udp = True
model = dict(
    neck=dict(type="FeatureMapProcessor", scale_factor=4.0, apply_relu=True),
    head=dict(deconv_out_channels=[], deconv_kernel_sizes=[], final_layer=dict(kernel_size=3, padding=1)),
)
