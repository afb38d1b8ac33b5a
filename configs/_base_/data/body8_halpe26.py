# The sets of body8 as the 26 keypoints of Halpe: COCO's, the head's top, the neck, the hip's middle and the feet.
_base_ = "shared_root.py"
num_keypoints: int = 26
more_pairs = dict(
    wholebody=([17, 18, 19, 20, 21, 22], [20, 22, 24, 21, 23, 25]),
    aic=([12, 13], [17, 18]),
    crowdpose=([12, 13], [17, 18]),
    mpii=([8, 9], [18, 17]),
    jhmdb=([0, 2], [18, 17]),
    halpe=(range(17, 26), range(17, 26)),
    posetrack18=([2], [17]),
)
pairs = dict(_base_.coco_pairs, wholebody=_base_.coco_pairs["coco"])
convert = {
    name: [
        dict(
            type="KeypointConverter",
            num_keypoints=num_keypoints,
            mapping=sorted([*zip(*pairs[name]), *zip(*more_pairs.get(name, ([], [])))]),
        )
    ]
    for name in pairs
}
train_set: dict = dict(
    type="CombinedDataset",
    test_mode=False,
    metainfo=dict(from_file="configs/_base_/datasets/halpe26.py"),
    datasets=[
        dict(**_base_.train_sets[name], pipeline=convert[name])
        for name in ("wholebody", "aic", "crowdpose", "mpii", "jhmdb", "halpe", "posetrack18")
    ],
)
val_set: dict = dict(
    type="CombinedDataset",
    metainfo=dict(from_file="configs/_base_/datasets/halpe26.py"),
    datasets=[
        dict(**_base_.val_sets[name], pipeline=convert[name])
        for name in ("wholebody", "aic", "crowdpose", "mpii", "jhmdb", "halpe", "ochuman", "posetrack18")
    ],
)
val_evaluator = [dict(type="PCKAccuracy", thr=0.1), dict(type="AUC")]
save_best = "AUC"
colour = [dict(type="PhotometricDistortion")]
late_colour = []
target = dict(use_dataset_keypoint_weights=True)
