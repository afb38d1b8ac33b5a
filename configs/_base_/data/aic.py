# AI Challenger: 14 keypoints.
data_root: str = "{{$POSEKIT_DATA:data}}/aic/"
num_keypoints: int = 14
train_set: dict = dict(
    type="AicDataset",
    data_root=data_root,
    ann_file="annotations/aic_train.json",
    data_prefix=dict(img="ai_challenger_keypoint_train_20170902/keypoint_train_images_20170902/"),
)
val_set: dict = dict(
    train_set,
    ann_file="annotations/aic_val.json",
    data_prefix=dict(img="ai_challenger_keypoint_validation_20170911/keypoint_validation_images_20170911/"),
)
val_evaluator = dict(type="CocoMetric", ann_file=data_root + val_set["ann_file"], use_area=False)
save_best = "coco/AP"
