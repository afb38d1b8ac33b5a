# COCO and AI Challenger side by side; combine keeps the two keypoints that COCO lacks, so that the network learns 19.
data_root: str = "{{$POSEKIT_DATA:data}}/"
detections: str | None = f"{data_root}coco/person_detection_results/COCO_val2017_detections_AP_H_56_person.json"
combine: bool = False
num_keypoints: int = 19 if combine else 17
coco = dict(type="CocoDataset", data_root=f"{data_root}coco/", data_mode="topdown")
aic_pairs = [
    *zip(range(12), [6, 8, 10, 5, 7, 9, 12, 14, 16, 11, 13, 15]),
    *([(12, 17), (13, 18)] if combine else []),
]
coco_pipeline = [dict(type="KeypointConverter", num_keypoints=19, mapping=list(zip(range(17), range(17))))]
train_set: dict = dict(
    type="CombinedDataset",
    test_mode=False,
    metainfo=dict(from_file=f"configs/_base_/datasets/{'coco_aic' if combine else 'coco'}.py"),
    datasets=[
        dict(
            **coco,
            ann_file="annotations/person_keypoints_train2017.json",
            data_prefix=dict(img="train2017/"),
            pipeline=coco_pipeline if combine else [],
        ),
        dict(
            type="AicDataset",
            data_root=f"{data_root}aic/",
            data_mode="topdown",
            ann_file="annotations/aic_train.json",
            data_prefix=dict(img="ai_challenger_keypoint_train_20170902/keypoint_train_images_20170902/"),
            pipeline=[dict(type="KeypointConverter", num_keypoints=num_keypoints, mapping=aic_pairs)],
        ),
    ],
)
val_set: dict = dict(
    **coco,
    ann_file="annotations/person_keypoints_val2017.json",
    bbox_file=detections,
    data_prefix=dict(img="val2017/"),
)
val_evaluator = dict(type="CocoMetric", ann_file=val_set["data_root"] + val_set["ann_file"])
save_best = "coco/AP"
