# Grevy's zebras from above: 9 keypoints.
data_root: str = "{{$POSEKIT_DATA:data}}/zebra/"
num_keypoints: int = 9
train_set: dict = dict(
    type="ZebraDataset", data_root=data_root, ann_file="annotations/zebra_train.json", data_prefix=dict(img="images/")
)
val_set: dict = dict(train_set, ann_file="annotations/zebra_test.json")
val_evaluator = [dict(type="PCKAccuracy", thr=0.2), dict(type="AUC"), dict(type="EPE")]
save_best = "AUC"
half_body = False
padding = 0.8
jitter = dict(shift_factor=0.25, scale_factor=[0.7, 1.3], rotate_factor=180)
