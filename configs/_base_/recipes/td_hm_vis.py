# Top-down heatmaps with a second branch that says which keypoints are visible.
_base_ = "td_hm.py"
model = dict(
    head=dict(
        _delete_=True,
        type="VisPredictHead",
        loss=dict(type="BCELoss", use_target_weight=True, use_sigmoid=True, loss_weight=1e-3),
        pose_cfg=_base_.model.head,
    ),
)
