# Animal-Pose: 20 keypoints of cats, dogs, cows, horses and sheep.
data_root: str = "{{$POSEKIT_DATA:data}}/animalpose/"
num_keypoints: int = 20
train_set: dict = dict(
    type="AnimalPoseDataset",
    data_root=data_root,
    ann_file="annotations/animalpose_train.json",
    data_prefix=dict(img=""),
)
val_set: dict = dict(train_set, ann_file="annotations/animalpose_val.json")
val_evaluator = dict(type="CocoMetric", ann_file=data_root + val_set["ann_file"])
save_best = "coco/AP"
