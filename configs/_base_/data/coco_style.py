# Any data in COCO's format: yours. Set the root, the number of keypoints and what else differs.
data_root: str = "data/"
train_file: str = "train.json"
val_file: str = "val.json"
images: str = ""
keypoint_set: str = data_root + "keypoint_set.py"
num_keypoints: int = 17
train_set: dict = dict(
    type="CocoDataset",
    data_root=data_root,
    ann_file=train_file,
    data_prefix=dict(img=images),
    metainfo=dict(from_file=keypoint_set),
)
val_set: dict = dict(train_set, ann_file=val_file)
val_evaluator = [dict(type="PCKAccuracy", thr=0.05), dict(type="EPE")]
save_best = "PCK"
half_body = False
