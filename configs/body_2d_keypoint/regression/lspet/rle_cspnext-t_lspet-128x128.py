# Coordinates by residual log-likelihood estimation, on the backbone of RTMPose-t.
_base_ = "../../../_base_/recipes/td_reg.py"
dataset = "lspet"
backbone = "cspnext"
size = "t"
input_size = (128, 128)
rle = True
schedule = "short_cosine"
max_epochs = 50
