# Bodies, faces and whole bodies of cocktail14, in pixels, and UBody and H3WB in space; tested on H3WB.
_base_ = "wholebody_sets.py"
h36m_root: str = f"{_base_.data_root}h36m/"
ubody_root: str = f"{_base_.data_root}UBody/"
h3wb = dict(
    type="H36MWholeBodyDataset",
    ann_file="annotation_body3d/h3wb_train_bbox.npz",
    seq_len=1,
    causal=True,
    data_root=h36m_root,
    data_prefix=dict(img="images/"),
)
ubody_3d = [
    dict(
        type="UBody3dDataset",
        data_root=ubody_root,
        data_mode="topdown",
        ann_file=f"annotations/{scene}/train_3dkeypoint_annotation.json",
        seq_len=1,
        causal=True,
        data_prefix=dict(img="images/"),
        subset_frac=0.1,
        pipeline=[],
    )
    for scene in _base_.scenes
]
sets, convert = _base_.train_sets, _base_.convert
train_set: dict = dict(
    type="CombinedDataset",
    test_mode=False,
    metainfo=dict(from_file="configs/_base_/datasets/h3wb.py"),
    datasets=[
        dict(
            _base_.combined,
            datasets=[dict(**sets["wholebody"], pipeline=[]), dict(**sets["halpe"], pipeline=convert["halpe"])],
        ),
        dict(_base_.combined, datasets=[dict(**sets[name], pipeline=convert[name]) for name in _base_.bodies]),
        dict(
            _base_.combined,
            datasets=[dict(**sets[name], pipeline=[*convert[name], *_base_.step_back]) for name in _base_.faces],
        ),
        *ubody_3d,
        dict(h3wb, test_mode=False, pipeline=[]),
    ],
)
val_set: dict = h3wb
val_evaluator = [dict(type="SimpleMPJPE", mode="mpjpe"), dict(type="SimpleMPJPE", mode="p-mpjpe")]
save_best = "MPJPE"
save_rule = "less"
