# MPII Human Pose: 16 keypoints, scored by PCKh against the size of the head.
data_root: str = "{{$POSEKIT_DATA:data}}/mpii"
num_keypoints: int = 16
train_set: dict = dict(
    type="MpiiDataset", data_root=data_root, ann_file="annotations/mpii_train.json", data_prefix=dict(img="images/")
)
val_set: dict = dict(
    train_set, ann_file="annotations/mpii_val.json", headbox_file=f"{data_root}/annotations/mpii_gt_val.mat"
)
val_evaluator = dict(type="MpiiPCKAccuracy")
save_best = "PCK"
half_body = False
jitter: dict = dict(shift_prob=0)
