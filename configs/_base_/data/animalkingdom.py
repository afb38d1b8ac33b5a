# Animal Kingdom: 23 keypoints, in protocols by species or class of animals.
data_root: str = "{{$POSEKIT_DATA:data}}/ak/"
num_keypoints: int = 23
protocol: str = "P1"
train_set: dict = dict(
    type="AnimalKingdomDataset",
    data_root=data_root,
    ann_file=f"annotations/ak_{protocol}/train.json",
    data_prefix=dict(img="images/"),
)
val_set: dict = dict(train_set, ann_file=f"annotations/ak_{protocol}/test.json")
val_evaluator = [dict(type="PCKAccuracy", thr=0.05), dict(type="AUC")]
save_best = "PCK"
