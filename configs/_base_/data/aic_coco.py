# AI Challenger and three times COCO, below one root. combine keeps the two keypoints of AI Challenger that COCO
# lacks, so that the network learns 19.
_base_ = "shared_root.py"
combine: bool = False
num_keypoints: int = 19 if combine else 17
aic_from, aic_to = _base_.coco_pairs["aic"]
aic_pairs = [*zip(aic_from, aic_to), *([(12, 17), (13, 18)] if combine else [])]
coco_pipeline = [dict(type="KeypointConverter", num_keypoints=19, mapping=list(zip(range(17), range(17))))]
train_set: dict = dict(
    type="CombinedDataset",
    test_mode=False,
    metainfo=dict(from_file=f"configs/_base_/datasets/{'coco_aic' if combine else 'coco'}.py"),
    datasets=[
        dict(
            type="RepeatDataset",
            dataset=dict(**_base_.train_sets["coco"], pipeline=coco_pipeline if combine else []),
            times=3,
        ),
        dict(
            **_base_.train_sets["aic"],
            pipeline=[dict(type="KeypointConverter", num_keypoints=num_keypoints, mapping=aic_pairs)],
        ),
    ],
)
val_set: dict = _base_.val_sets["coco"]
val_evaluator = dict(type="CocoMetric", ann_file=_base_.data_root + val_set["ann_file"])
save_best = "coco/AP"
