# Face6: LaPa, COCO-WholeBody, WFLW, 300W, COFW and Halpe as the 106 points of LaPa.
_base_ = "shared_root.py"
num_keypoints: int = 106
# The 68 points that COCO-WholeBody, 300W and, behind 26 others, Halpe share. Four of LaPa's lie between two of them.
of_68, of_halpe = [
    [
        *zip(range(n, n + 17), range(0, 33, 2)),
        *zip(range(n + 17, n + 27), [33, 34, 35, 36, 37, 42, 43, 44, 45, 46]),
        *zip(range(n + 27, n + 36), [51, 52, 53, 54, 58, 59, 60, 61, 62]),
        *[(n + 36, 66), (n + 39, 70), ((n + 37, n + 38), 68), ((n + 40, n + 41), 72)],
        *[(n + 42, 75), (n + 45, 79), ((n + 43, n + 44), 77), ((n + 46, n + 47), 81)],
        *zip(range(n + 48, n + 68), range(84, 104)),
    ]
    for n in (0, 26)
]
of_wflw = [
    *zip(range(55), range(55)),
    *zip(range(55, 60), range(58, 63)),
    *zip(range(60, 68), range(66, 74)),
    *zip(range(68, 76), range(75, 83)),
    *zip(range(76, 98), range(84, 106)),
]
of_cofw = [
    *zip([0, 2, 4, 5, 1, 3, 6, 7], [33, 38, 35, 40, 46, 50, 44, 48]),
    *zip([8, 10, 12, 13, 9, 11, 14, 15], [60, 64, 62, 66, 72, 68, 70, 74]),
    *zip(range(18, 29), [57, 63, 54, 60, 84, 90, 87, 98, 102, 93, 16]),
]
face_of_coco = dict(type="CocoWholeBodyFaceDataset")
convert = {
    name: [dict(type="KeypointConverter", num_keypoints=num_keypoints, mapping=mapping)]
    for name, mapping in dict(wholebody=of_68, wflw=of_wflw, face300w=of_68, cofw=of_cofw, halpe=of_halpe).items()
}
halpe_train = dict(ann_file="halpe/annotations/halpe_train_133kpt.json")
train_changes = dict(wholebody=face_of_coco, halpe=halpe_train)
val_changes = dict(wholebody=face_of_coco)
names = ("lapa", "wholebody", "wflw", "face300w", "cofw", "halpe")
metainfo = dict(from_file="configs/_base_/datasets/lapa.py")
train_set: dict = dict(
    type="CombinedDataset",
    test_mode=False,
    metainfo=metainfo,
    datasets=[
        dict(_base_.train_sets[name], **train_changes.get(name, {}), pipeline=convert.get(name, [])) for name in names
    ],
)
val_set: dict = _base_.val_sets["lapa"]
test_set: dict = dict(
    _delete_=True,
    type="CombinedDataset",
    metainfo=metainfo,
    datasets=[
        dict(_base_.val_sets[name], **val_changes.get(name, {}), pipeline=convert.get(name, [])) for name in names
    ],
)
val_evaluator = dict(type="NME", norm_mode="keypoint_distance")
save_best = "NME"
save_rule = "less"
save_interval = 1
strong_jitter = dict(scale_factor=[0.5, 1.5], rotate_factor=80)
blur = 0.2
late_blur = 0.1
target = dict(use_dataset_keypoint_weights=True)
