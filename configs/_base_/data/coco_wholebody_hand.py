# The 21 points of each hand of COCO-WholeBody.
data_root: str = "{{$POSEKIT_DATA:data}}/coco/"
num_keypoints: int = 21
train_set: dict = dict(
    type="CocoWholeBodyHandDataset",
    data_root=data_root,
    ann_file="annotations/coco_wholebody_train_v1.0.json",
    data_prefix=dict(img="train2017/"),
)
val_set: dict = dict(train_set, ann_file="annotations/coco_wholebody_val_v1.0.json", data_prefix=dict(img="val2017/"))
val_evaluator = [dict(type="PCKAccuracy", thr=0.2), dict(type="AUC"), dict(type="EPE")]
save_best = "AUC"
half_body = False
jitter = dict(scale_factor=[0.7, 1.3], rotate_factor=180)
flip_first = False
