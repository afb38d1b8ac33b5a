# LaPa: 106 points of faces.
data_root: str = "{{$POSEKIT_DATA:data}}/LaPa/"
num_keypoints: int = 106
train_set: dict = dict(
    type="LapaDataset", data_root=data_root, ann_file="annotations/lapa_train.json", data_prefix=dict(img="")
)
val_set: dict = dict(train_set, ann_file="annotations/lapa_val.json")
test_set: dict = dict(ann_file="annotations/lapa_test.json")
val_evaluator = dict(type="NME", norm_mode="keypoint_distance")
save_best = "NME"
save_rule = "less"
save_interval = 1
