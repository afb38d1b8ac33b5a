# Body8: COCO, AI Challenger, CrowdPose, MPII, JHMDB, Halpe and PoseTrack18 as the 17 keypoints of COCO; the test
# adds OCHuman.
_base_ = "shared_root.py"
num_keypoints: int = 17
detections: str | None = f"{_base_.data_root}coco/person_detection_results/COCO_val2017_detections_AP_H_56_person.json"
convert = {
    name: [dict(type="KeypointConverter", num_keypoints=num_keypoints, mapping=list(zip(*pairs)))]
    for name, pairs in _base_.coco_pairs.items()
}
convert["coco"] = []
metainfo = dict(from_file="configs/_base_/datasets/coco.py")
train_set: dict = dict(
    type="CombinedDataset",
    test_mode=False,
    metainfo=metainfo,
    datasets=[
        dict(**_base_.train_sets[name], pipeline=convert[name])
        for name in ("coco", "aic", "crowdpose", "mpii", "jhmdb", "halpe", "posetrack18")
    ],
)
val_set: dict = dict(_base_.val_sets["coco"], bbox_file=detections)
test_set: dict = dict(
    _delete_=True,
    type="CombinedDataset",
    metainfo=metainfo,
    datasets=[
        dict(**_base_.val_sets[name], pipeline=convert[name])
        for name in ("coco", "aic", "crowdpose", "mpii", "jhmdb", "halpe", "ochuman", "posetrack18")
    ],
)
val_evaluator = dict(type="CocoMetric", ann_file=_base_.data_root + val_set["ann_file"])
test_evaluator = [dict(type="PCKAccuracy", thr=0.1), dict(type="AUC"), dict(type="EPE")]
save_best = "coco/AP"
colour = [dict(type="YOLOXHSVRandomAug"), dict(type="PhotometricDistortion")]
late_colour = [dict(type="YOLOXHSVRandomAug")]
