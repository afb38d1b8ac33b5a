# The 68 points of each face of COCO-WholeBody.
data_root: str = "{{$POSEKIT_DATA:data}}/coco/"
num_keypoints: int = 68
train_set: dict = dict(
    type="CocoWholeBodyFaceDataset",
    data_root=data_root,
    ann_file="annotations/coco_wholebody_train_v1.0.json",
    data_prefix=dict(img="train2017/"),
)
val_set: dict = dict(train_set, ann_file="annotations/coco_wholebody_val_v1.0.json", data_prefix=dict(img="val2017/"))
val_evaluator = dict(type="NME", norm_mode="keypoint_distance")
save_best = "NME"
save_rule = "less"
save_interval = 1
half_body = False
jitter = dict(scale_factor=[0.75, 1.25], rotate_factor=60)
