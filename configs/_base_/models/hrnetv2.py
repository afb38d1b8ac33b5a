# HRNetV2-W18 brings its four branches to one size and joins them: made for the many points of faces and hands.
_base_ = "hrnet.py"
width = 18
multiscale = True
model = dict(backbone=dict(extra=dict(upsample=dict(mode="bilinear", align_corners=False))))
heatmap_head = dict(conv_out_channels=(270,), conv_kernel_sizes=(1,))
