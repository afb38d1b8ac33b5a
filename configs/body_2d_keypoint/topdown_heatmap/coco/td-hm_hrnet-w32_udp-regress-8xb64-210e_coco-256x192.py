_base_ = "../../../_base_/recipes/td_hm.py"
dataset = "coco"
backbone = "hrnet"
width = 32
udp = True
codec = dict(heatmap_type="combined")
model = dict(
    train_cfg=dict(compute_acc=False),
    head=dict(out_channels=3 * 17, loss=dict(type="CombinedTargetMSELoss")),
    test_cfg=dict(flip_mode="udp_combined"),
)
