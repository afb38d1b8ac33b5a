# AP-10K: 17 keypoints of 54 species.
data_root: str = "{{$POSEKIT_DATA:data}}/ap10k/"
num_keypoints: int = 17
train_set: dict = dict(
    type="AP10KDataset",
    data_root=data_root,
    ann_file="annotations/ap10k-train-split1.json",
    data_prefix=dict(img="data/"),
)
val_set: dict = dict(train_set, ann_file="annotations/ap10k-val-split1.json")
test_set: dict = dict(ann_file="annotations/ap10k-test-split1.json")
val_evaluator = dict(type="CocoMetric", ann_file=data_root + val_set["ann_file"])
save_best = "coco/AP"
test_evaluator = dict(ann_file=data_root + test_set["ann_file"])
