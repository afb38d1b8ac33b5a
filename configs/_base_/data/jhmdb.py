# JHMDB: 15 keypoints of people in short videos, in three splits.
data_root: str = "{{$POSEKIT_DATA:data}}/jhmdb/"
num_keypoints: int = 15
split: int = 1
train_set: dict = dict(
    type="JhmdbDataset", data_root=data_root, ann_file=f"annotations/Sub{split}_train.json", data_prefix=dict(img="")
)
val_set: dict = dict(train_set, ann_file=f"annotations/Sub{split}_test.json")
val_evaluator = [dict(type="JhmdbPCKAccuracy", thr=0.2, norm_item=["bbox", "torso"])]
save_best = "PCK"
save_interval = 1
half_body = False
jitter = dict(scale_factor=[0.75, 1.25], rotate_factor=60)
