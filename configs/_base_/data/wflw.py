# WFLW: 98 points of faces in the wild.
data_root: str = "{{$POSEKIT_DATA:data}}/wflw/"
num_keypoints: int = 98
train_set: dict = dict(
    type="WFLWDataset",
    data_root=data_root,
    ann_file="annotations/face_landmarks_wflw_train.json",
    data_prefix=dict(img="images/"),
)
val_set: dict = dict(train_set, ann_file="annotations/face_landmarks_wflw_test.json")
val_evaluator = dict(type="NME", norm_mode="keypoint_distance")
save_best = "NME"
save_rule = "less"
save_interval = 1
half_body = False
jitter = dict(scale_factor=[0.75, 1.25], rotate_factor=60, shift_prob=0)
