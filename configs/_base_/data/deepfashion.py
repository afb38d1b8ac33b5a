# DeepFashion landmarks: 8 points of full, 6 of upper and 4 of lower clothes.
data_root: str = "{{$POSEKIT_DATA:data}}/fld/"
clothes: str = "full"
num_keypoints: int = dict(full=8, upper=6, lower=4)[clothes]
train_set: dict = dict(
    type="DeepFashionDataset",
    data_root=data_root,
    ann_file=f"annotations/fld_{clothes}_train.json",
    data_prefix=dict(img="img/"),
    subset=clothes,
)
val_set: dict = dict(train_set, ann_file=f"annotations/fld_{clothes}_val.json")
test_set: dict = dict(ann_file=f"annotations/fld_{clothes}_test.json")
val_evaluator = [dict(type="PCKAccuracy", thr=0.2), dict(type="AUC"), dict(type="EPE")]
save_best = "AUC"
half_body = False
