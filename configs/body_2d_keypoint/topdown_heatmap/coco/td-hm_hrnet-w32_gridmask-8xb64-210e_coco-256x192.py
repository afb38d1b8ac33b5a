_base_ = "td-hm_hrnet-w32_8xb64-210e_coco-256x192.py"
pretrained = "https://download.openmmlab.com/mmpose/v1/body_2d_keypoint/topdown_heatmap/coco/td-hm_hrnet-w32_8xb64-210e_coco-256x192-81c58e40_20220909.pth"
pretrained_prefix = "backbone."
after_crop = [
    dict(
        type="Albumentation",
        transforms=[dict(type="GridDropout", p=0.5, random_offset=True, unit_size_max=40, unit_size_min=10)],
    )
]
