# COCO-WholeBody and a tenth of the frames of UBody's fifteen scenes, tested on COCO-WholeBody.
coco_root: str = "{{$POSEKIT_DATA:data}}/coco/"
data_root: str = "{{$POSEKIT_DATA:data}}/UBody/"
detections: str | None = f"{coco_root}person_detection_results/COCO_val2017_detections_AP_H_56_person.json"
num_keypoints: int = 133
scenes = [
    *("Magic_show", "Entertainment", "ConductMusic", "Online_class", "TalkShow"),
    *("Speech", "Fitness", "Interview", "Olympic", "TVShow"),
    *("Singing", "SignLanguage", "Movie", "LiveVlog", "VideoConference"),
]
train_set: dict = dict(
    type="CombinedDataset",
    test_mode=False,
    metainfo=dict(from_file="configs/_base_/datasets/coco_wholebody.py"),
    datasets=[
        dict(
            type="CocoWholeBodyDataset",
            data_root=coco_root,
            data_mode="topdown",
            ann_file="annotations/coco_wholebody_train_v1.0.json",
            data_prefix=dict(img="train2017/"),
            pipeline=[],
        ),
        *[
            dict(
                type="UBody2dDataset",
                data_root=data_root,
                data_mode="topdown",
                ann_file=f"annotations/{scene}/train_annotations.json",
                data_prefix=dict(img="images/"),
                sample_interval=10,
                pipeline=[],
            )
            for scene in scenes
        ],
    ],
)
val_set: dict = dict(
    type="CocoWholeBodyDataset",
    data_root=data_root,
    ann_file=f"{coco_root}annotations/coco_wholebody_val_v1.0.json",
    bbox_file=detections,
    data_prefix=dict(img="coco/val2017/"),
)
val_evaluator = dict(type="CocoWholeBodyMetric", ann_file=val_set["ann_file"])
save_best = "coco-wholebody/AP"
