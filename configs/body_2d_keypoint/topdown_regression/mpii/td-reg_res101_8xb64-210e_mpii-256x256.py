_base_ = "../../../_base_/recipes/td_reg.py"
dataset = "mpii"
backbone = "resnet"
depth = 101
input_size = (256, 256)
data_root = "{{$POSEKIT_DATA:data}}/mpii/"
