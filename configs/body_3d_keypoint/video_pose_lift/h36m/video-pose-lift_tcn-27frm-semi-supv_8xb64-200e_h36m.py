_base_ = "../../../_base_/recipes/video_pose_lift.py"
dataset = "h36m"
frames = 27
semi = True
batch_size = 64
