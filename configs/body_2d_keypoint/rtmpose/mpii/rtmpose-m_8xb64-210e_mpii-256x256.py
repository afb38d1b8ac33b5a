_base_ = "../../../_base_/recipes/rtmpose.py"
dataset = "mpii"
size = "m"
input_size = (256, 256)
data_root = "{{$POSEKIT_DATA:data}}/mpii/"
half_body = True
batch_size = 64
max_epochs = 210
