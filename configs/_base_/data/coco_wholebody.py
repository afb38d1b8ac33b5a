# COCO-WholeBody: 133 keypoints of bodies, feet, faces and hands.
data_root: str = "{{$POSEKIT_DATA:data}}/coco/"
num_keypoints: int = 133
detections: str | None = f"{data_root}person_detection_results/COCO_val2017_detections_AP_H_56_person.json"
train_set: dict = dict(
    type="CocoWholeBodyDataset",
    data_root=data_root,
    ann_file="annotations/coco_wholebody_train_v1.0.json",
    data_prefix=dict(img="train2017/"),
)
val_set: dict = dict(
    train_set,
    ann_file="annotations/coco_wholebody_val_v1.0.json",
    data_prefix=dict(img="val2017/"),
    bbox_file=detections,
)
val_evaluator = dict(type="CocoWholeBodyMetric", ann_file=data_root + val_set["ann_file"])
save_best = "coco-wholebody/AP"
