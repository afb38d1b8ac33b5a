_base_ = "../../../_base_/recipes/image_pose_lift.py"
dataset = "h36m"
