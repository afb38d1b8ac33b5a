# Body7 for one-stage estimators: COCO and parts of six others as the keypoints of COCO or of CrowdPose, tested on the
# set whose keypoints they are.
crowdpose: bool = False
coco_images = "coco/"
_base_ = "shared_root.py"
num_keypoints: int = 14 if crowdpose else 17
names = ("coco", "aic", "crowdpose", "mpii", "jhmdb", "halpe", "posetrack18")
# CrowdPose's shoulders to ankles in their order, its head's top and its neck, as each of the seven counts them.
crowdpose_of = dict(
    coco=range(5, 17),
    aic=[3, 0, 4, 1, 5, 2, 9, 6, 10, 7, 11, 8, 12, 13],
    crowdpose=range(14),
    mpii=[13, 12, 14, 11, 15, 10, 3, 2, 4, 1, 5, 0, 9, 7],
    jhmdb=[4, 3, 8, 7, 12, 11, 6, 5, 10, 9, 14, 13, 2, 0],
    halpe=range(5, 17),
    posetrack18=[*range(5, 17), 2, 1],
)
mappings = {
    name: list(zip(crowdpose_of[name], range(14)) if crowdpose else zip(*_base_.coco_pairs[name])) for name in names
}
sets = {
    name: dict(
        **_base_.train_sets[name],
        pipeline=[dict(type="KeypointConverter", num_keypoints=num_keypoints, mapping=mappings[name])],
    )
    for name in names
}
train_set: dict = dict(
    type="CombinedDataset",
    test_mode=False,
    metainfo=dict(from_file=f"configs/_base_/datasets/{'crowdpose' if crowdpose else 'coco'}.py"),
    datasets=[sets[name] for name in names],
    sample_ratio_factor=[1, 0.3, 1 if crowdpose else 0.5, 0.3, 0.3, 0.4, 0.3],
)
late_train_set = sets["crowdpose" if crowdpose else "coco"]
val_set: dict = _base_.val_sets["crowdpose" if crowdpose else "coco"]
val_evaluator = (
    dict(type="CocoMetric", use_area=False, iou_type="keypoints_crowd", prefix="crowdpose")
    if crowdpose
    else dict(type="CocoMetric", ann_file=_base_.data_root + val_set["ann_file"])
)
