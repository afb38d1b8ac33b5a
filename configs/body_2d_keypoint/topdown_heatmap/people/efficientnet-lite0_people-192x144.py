# The embedded default's pose model, second half: goes on from the weights of the 128x96 run with crops that show more.
_base_ = "efficientnet-lite0_people-128x96.py"
load_from = "work_dirs/efficientnet-lite0_people-128x96/last.pth"
input_size = (144, 192)
lr = 6e-4
final_lr = 1e-5
