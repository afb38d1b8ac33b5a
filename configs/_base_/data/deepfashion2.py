# DeepFashion2: 294 landmarks over thirteen categories of clothes.
data_root: str = "{{$POSEKIT_DATA:data}}/deepfasion2/"
num_keypoints: int = 294
clothes: str = "short_sleeved_shirt"
train_set: dict = dict(
    type="DeepFashion2Dataset",
    data_root=data_root,
    ann_file=f"train/deepfashion2_{clothes}_train.json",
    data_prefix=dict(img="train/image/"),
)
val_set: dict = dict(
    train_set, ann_file=f"validation/deepfashion2_{clothes}_validation.json", data_prefix=dict(img="validation/image/")
)
val_evaluator = [dict(type="PCKAccuracy", thr=0.2), dict(type="AUC"), dict(type="EPE")]
save_best = "AUC"
half_body = False
