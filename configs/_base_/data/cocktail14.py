# Cocktail14: fourteen sets of bodies, faces and hands as the 133 keypoints of COCO-WholeBody.
_base_ = "wholebody_sets.py"
detections: str | None = f"{_base_.data_root}coco/person_detection_results/COCO_val2017_detections_AP_H_56_person.json"
sets = _base_.train_sets
train_set: dict = dict(
    type="CombinedDataset",
    test_mode=False,
    metainfo=_base_.metainfo,
    datasets=[
        dict(
            _base_.combined,
            datasets=[
                dict(**sets["wholebody"], pipeline=[]),
                dict(**sets["halpe"], pipeline=_base_.convert["halpe"]),
                dict(_base_.combined, metainfo=_base_.ubody_metainfo, datasets=_base_.ubody),
            ],
        ),
        dict(
            _base_.combined,
            datasets=[*[dict(**sets[name], pipeline=_base_.convert[name]) for name in _base_.bodies], _base_.humanart],
        ),
        dict(
            _base_.combined,
            datasets=[dict(**sets[name], pipeline=[*_base_.convert[name], *_base_.step_back]) for name in _base_.faces],
        ),
        dict(_base_.combined, datasets=[_base_.interhand]),
    ],
)
val_set: dict = dict(
    type="CocoWholeBodyDataset",
    ann_file=f"{_base_.data_root}coco/annotations/coco_wholebody_val_v1.0.json",
    bbox_file=detections,
    data_prefix=dict(img=f"{_base_.data_root}detection/coco/val2017/"),
)
val_evaluator = dict(type="CocoWholeBodyMetric", ann_file=val_set["ann_file"])
save_best = "coco-wholebody/AP"
