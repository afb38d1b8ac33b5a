_base_ = "../../../_base_/recipes/cspnext_udp.py"
dataset = "mpii"
size = "m"
input_size = (256, 256)
data_root = "{{$POSEKIT_DATA:data}}/mpii/"
half_body = True
udp = False
batch_size = 64
model = dict(test_cfg=dict(flip_test=False))
