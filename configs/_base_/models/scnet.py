depth: int = 50
files = {50: "scnet50-7ef0a199", 101: "scnet101-94250a77"}
channels = 2048
weights = dict(
    type="Pretrained", checkpoint=f"https://download.openmmlab.com/mmpose/pretrain_models/{files[depth]}.pth"
)
model = dict(backbone=dict(type="SCNet", depth=depth, init_cfg=weights))
