_base_ = "td-hm_hrnet-w32_8xb64-210e_coco-256x192.py"
udp = True
codec = dict(heatmap_type="combined")
model = dict(
    train_cfg=dict(compute_acc=False),
    head=dict(out_channels=3 * 17, loss=dict(type="CombinedTargetMSELoss")),
    test_cfg=dict(flip_mode="udp_combined"),
)
