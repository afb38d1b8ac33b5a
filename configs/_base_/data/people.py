# Everyday photographs with many people: crops written by tools/pack_people.py to train on, whole photographs to test.
data_root: str = "{{$POSEKIT_DATA:data}}/"
num_keypoints: int = 17
train_set: dict = dict(
    type="CocoDataset", data_root=f"{data_root}people-crops/", ann_file="train.json", data_prefix=dict(img="")
)
val_set: dict = dict(train_set, ann_file="dev.json")
test_set: dict = dict(data_root=f"{data_root}people/", ann_file="val.json", data_prefix=dict(img="val/"))
val_evaluator = dict(type="CocoMetric", ann_file=f"{data_root}people-crops/dev.json")
test_evaluator = dict(ann_file=f"{data_root}people/val.json", keypoint_ap=True)
save_best = "coco/AP"
max_keep_ckpts = 1
load_image = dict(cache="ram", cache_mb=4096)
val_load_image = dict(_delete_=True)
half_body_prob = 0.2
jitter = dict(scale_factor=[0.7, 1.3], rotate_factor=35)
batch_size = 16
num_workers = 0
