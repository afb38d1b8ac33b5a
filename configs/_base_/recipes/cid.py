# CID: a heatmap of people's centres and, for each centre, heatmaps of that person alone (CVPR 2022).
input_size: tuple = (512, 512)
codec: dict = dict(
    type="DecoupledHeatmap", input_size=input_size, heatmap_size=(input_size[0] // 4, input_size[1] // 4)
)
nms = dict(_delete_=True, nms_thr=0.8)
warm_up = False
size_factor = 64
multiscale = True
_base_ = "bottomup.py"
model = dict(
    head=dict(
        type="CIDHead",
        in_channels=_base_.channels,
        num_keypoints=_base_.num_keypoints,
        gfd_channels=_base_.width,
        coupled_heatmap_loss=dict(type="FocalHeatmapLoss", loss_weight=1.0),
        decoupled_heatmap_loss=dict(type="FocalHeatmapLoss", loss_weight=4.0),
        contrastive_loss=dict(type="InfoNCELoss", temperature=0.05, loss_weight=1.0),
        decoder=codec,
    ),
    train_cfg=dict(max_train_instances=200),
)
