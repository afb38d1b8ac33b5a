# COCO keypoints: 17 per person, people in everyday scenes. Set POSEKIT_DATA where the data is not in ./data.
data_root: str = "{{$POSEKIT_DATA:data}}/coco/"
coco_folder: str = ""  # of COCO below data_root, where several datasets share one
coco_images: str = coco_folder
detections: str | None = f"{data_root}person_detection_results/COCO_val2017_detections_AP_H_56_person.json"
num_keypoints: int = 17
train_set: dict = dict(
    type="CocoDataset",
    data_root=data_root,
    ann_file=f"{coco_folder}annotations/person_keypoints_train2017.json",
    data_prefix=dict(img=f"{coco_images}train2017/"),
)
val_set: dict = dict(
    type="CocoDataset",
    data_root=data_root,
    ann_file=f"{coco_folder}annotations/person_keypoints_val2017.json",
    bbox_file=detections,
    data_prefix=dict(img=f"{coco_images}val2017/"),
)
val_evaluator = dict(type="CocoMetric", ann_file=data_root + val_set["ann_file"])
save_best = "coco/AP"
