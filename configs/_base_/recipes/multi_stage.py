# MSPN and RSN (arXiv 1901.00148, 2003.04030): every unit of every stage draws heatmaps, sharper from stage to stage.
backbone: str = "mspn"
input_size: tuple = (192, 256)
stages: int = 1
lr: float = 5e-3
batch_size: int = 32
heatmap_size = (input_size[0] // 4, input_size[1] // 4)
codec = [
    dict(type="MegviiHeatmap", input_size=input_size, heatmap_size=heatmap_size, kernel_size=size)
    for size in ([15, 11, 9, 7, 5] if stages > 1 else [11, 9, 7, 5])
]
target = dict(multilevel=True)
val_evaluator = dict(nms_mode="none")
_base_ = "topdown.py"
coarse = dict(type="KeypointMSELoss", use_target_weight=True, loss_weight=0.25)
model = dict(
    head=dict(
        type="MSPNHead",
        out_shape=(heatmap_size[1], heatmap_size[0]),
        unit_channels=256,
        out_channels=_base_.num_keypoints,
        num_stages=stages,
        num_units=4,
        norm_cfg=dict(type="BN"),
        level_indices=[0, 1, 2, 3] * (stages - 1) + ([1, 2, 3, 4] if stages > 1 else [0, 1, 2, 3]),
        loss=[coarse, coarse, coarse, dict(type="KeypointOHKMMSELoss", use_target_weight=True, loss_weight=1.0)]
        * stages,
        decoder=codec[-1],
    ),
    test_cfg=dict(flip_mode="heatmap", shift_heatmap=False),
)
