_base_ = "../../../_base_/recipes/video_pose_lift.py"
dataset = "h36m"
frames = 243
cpn = True
max_epochs = 200
decay_end = 200
