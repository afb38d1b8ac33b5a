# CrowdPose: 14 keypoints of people in each other's way.
data_root: str = "{{$POSEKIT_DATA:data}}/crowdpose/"
crowdpose_folder: str = ""  # of CrowdPose below data_root, where several datasets share one
crowdpose_images: str = "images/"
detections: str | None = f"{data_root}{crowdpose_folder}annotations/det_for_crowd_test_0.1_0.5.json"
num_keypoints: int = 14
train_set: dict = dict(
    type="CrowdPoseDataset",
    data_root=data_root,
    ann_file=f"{crowdpose_folder}annotations/mmpose_crowdpose_trainval.json",
    data_prefix=dict(img=crowdpose_images),
)
val_set: dict = dict(
    train_set, ann_file=f"{crowdpose_folder}annotations/mmpose_crowdpose_test.json", bbox_file=detections
)
val_evaluator = dict(
    type="CocoMetric",
    ann_file=data_root + val_set["ann_file"],
    use_area=False,
    iou_type="keypoints_crowd",
    prefix="crowdpose",
)
save_best = "crowdpose/AP"
