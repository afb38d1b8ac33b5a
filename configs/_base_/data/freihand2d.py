# FreiHAND: 21 points of a hand.
data_root: str = "{{$POSEKIT_DATA:data}}/freihand/"
num_keypoints: int = 21
train_set: dict = dict(
    type="FreiHandDataset", data_root=data_root, ann_file="annotations/freihand_train.json", data_prefix=dict(img="")
)
val_set: dict = dict(train_set, ann_file="annotations/freihand_val.json")
test_set: dict = dict(ann_file="annotations/freihand_test.json")
val_evaluator = [dict(type="PCKAccuracy", thr=0.2), dict(type="AUC"), dict(type="EPE")]
save_best = "AUC"
save_interval = 1
half_body = False
padding = 0.8
jitter = dict(shift_factor=0.25, scale_factor=[0.7, 1.3], rotate_factor=180)
