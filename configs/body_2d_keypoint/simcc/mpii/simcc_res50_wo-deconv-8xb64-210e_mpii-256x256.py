_base_ = "../../../_base_/recipes/simcc.py"
dataset = "mpii"
backbone = "resnet"
depth = 50
input_size = (256, 256)
data_root = "{{$POSEKIT_DATA:data}}/mpii/"
model = dict(head=dict(deconv_out_channels=None), test_cfg=dict(shift_coords=True))
