# Rendered Hand Pose: 21 points of a hand.
data_root: str = "{{$POSEKIT_DATA:data}}/rhd/"
num_keypoints: int = 21
train_set: dict = dict(
    type="Rhd2DDataset", data_root=data_root, ann_file="annotations/rhd_train.json", data_prefix=dict(img="")
)
val_set: dict = dict(train_set, ann_file="annotations/rhd_test.json")
val_evaluator = [dict(type="PCKAccuracy", thr=0.2), dict(type="AUC"), dict(type="EPE")]
save_best = "AUC"
half_body = False
jitter = dict(scale_factor=[0.7, 1.3], rotate_factor=180)
