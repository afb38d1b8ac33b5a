# AFLW: 19 points of faces, scored against the size of the box.
data_root: str = "{{$POSEKIT_DATA:data}}/aflw/"
num_keypoints: int = 19
train_set: dict = dict(
    type="AFLWDataset",
    data_root=data_root,
    ann_file="annotations/face_landmarks_aflw_train.json",
    data_prefix=dict(img="images/"),
)
val_set: dict = dict(train_set, ann_file="annotations/face_landmarks_aflw_test.json")
val_evaluator = dict(type="NME", norm_mode="use_norm_item", norm_item="bbox_size")
save_best = "NME"
save_rule = "less"
save_interval = 1
half_body = False
jitter = dict(scale_factor=[0.75, 1.25], rotate_factor=60, shift_prob=0)
