# ResNet-18 without its last stage: on images this small it saw nine cells, and it holds two thirds of the weights.
_base_ = "resnet-18_lspet-96x96.py"
max_epochs = 45
model = dict(
    backbone=dict(num_stages=3, strides=(1, 2, 2), dilations=(1, 1, 1), out_indices=(2,)),
    head=dict(in_channels=256, deconv_out_channels=(96, 96), deconv_kernel_sizes=(4, 4)),
)
