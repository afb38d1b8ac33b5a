# PoseTrack 2018: 17 keypoints of people in videos.
data_root: str = "{{$POSEKIT_DATA:data}}/posetrack18/"
detections: str | None = f"{data_root}annotations/posetrack18_val_human_detections.json"
num_keypoints: int = 17
train_set: dict = dict(
    type="PoseTrack18Dataset",
    data_root=data_root,
    ann_file="annotations/posetrack18_train.json",
    data_prefix=dict(img=""),
)
val_set: dict = dict(
    train_set,
    ann_file="annotations/posetrack18_val.json",
    bbox_file=detections,
    filter_cfg=dict(bbox_score_thr=0.4) if detections else None,
)
val_evaluator = dict(type="PoseTrack18Metric", ann_file=data_root + val_set["ann_file"])
save_best = "posetrack18/Total AP"
save_interval = 1
