_base_ = "../../../_base_/recipes/td_hm.py"
dataset = "ubody"
val_set = dict(data_root=None, data_prefix=dict(img="{{$POSEKIT_DATA:data}}/coco/val2017/"))
backbone = "hrnet"
width = 32
