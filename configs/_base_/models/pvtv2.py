_base_ = "pvt.py"
weights = "https://github.com/whai362/PVT/releases/download/v2/pvt_v2_b2.pth"
model = dict(backbone=dict(type="PyramidVisionTransformerV2", embed_dims=64, init_cfg=dict(checkpoint=weights)))
