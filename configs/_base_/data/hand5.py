# Hand5: COCO-WholeBody, OneHand10K, FreiHAND, Rendered Hand Pose and Halpe as the 21 points of a hand.
_base_ = "shared_root.py"
num_keypoints: int = 21
# Rendered Hand Pose counts each finger from its tip.
order = [0, *[4 * finger + 4 - joint for finger in range(5) for joint in range(4)]]
convert = dict(rhd=[dict(type="KeypointConverter", num_keypoints=num_keypoints, mapping=list(zip(range(21), order)))])
changes = dict(wholebody=dict(type="CocoWholeBodyHandDataset"), halpe=dict(type="HalpeHandDataset"))
names = ("wholebody", "onehand10k", "freihand", "rhd", "halpe")
metainfo = dict(from_file="configs/_base_/datasets/coco_wholebody_hand.py")
train_set: dict = dict(
    type="CombinedDataset",
    test_mode=False,
    metainfo=metainfo,
    datasets=[dict(_base_.train_sets[name], **changes.get(name, {}), pipeline=convert.get(name, [])) for name in names],
)
val_set: dict = dict(
    type="CombinedDataset",
    metainfo=metainfo,
    datasets=[dict(_base_.val_sets[name], **changes.get(name, {}), pipeline=convert.get(name, [])) for name in names],
)
val_evaluator = [dict(type="PCKAccuracy", thr=0.2), dict(type="AUC"), dict(type="EPE")]
save_best = "AUC"
half_body = False
flip_first = False
strong_jitter = dict(scale_factor=[0.5, 1.5], rotate_factor=180)
late_jitter = dict(rotate_factor=180)
late_blur = 0.2
