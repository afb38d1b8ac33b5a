# ExLPose: 14 keypoints of people in the dark.
data_root: str = "{{$POSEKIT_DATA:data}}/ExLPose/"
num_keypoints: int = 14
train_set: dict = dict(
    type="ExlposeDataset",
    data_root=data_root,
    ann_file="annotations/ExLPose/ExLPose_train_LL.json",
    data_prefix=dict(img=""),
)
val_set: dict = dict(train_set, ann_file="annotations/ExLPose/ExLPose_test_LL-A.json")
val_evaluator = dict(type="CocoMetric", ann_file=data_root + val_set["ann_file"], use_area=False)
save_best = "coco/AP"
