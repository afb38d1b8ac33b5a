# Human-Art: 17 keypoints of people in photographs, paintings and sculptures.
data_root: str = "{{$POSEKIT_DATA:data}}/"
num_keypoints: int = 17
detections: str | None = (
    f"{data_root}HumanArt/person_detection_results/HumanArt_validation_detections_AP_H_56_person.json"
)
train_set: dict = dict(
    type="HumanArtDataset",
    data_root=data_root,
    ann_file="HumanArt/annotations/training_humanart_coco.json",
    data_prefix=dict(img=""),
)
val_set: dict = dict(train_set, ann_file="HumanArt/annotations/validation_humanart.json", bbox_file=detections)
val_evaluator = dict(type="CocoMetric", ann_file=data_root + val_set["ann_file"])
save_best = "coco/AP"
