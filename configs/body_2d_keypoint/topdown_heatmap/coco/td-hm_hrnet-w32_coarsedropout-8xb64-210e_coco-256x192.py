_base_ = "td-hm_hrnet-w32_8xb64-210e_coco-256x192.py"
pretrained = "https://download.openmmlab.com/mmpose/v1/body_2d_keypoint/topdown_heatmap/coco/td-hm_hrnet-w32_8xb64-210e_coco-256x192-81c58e40_20220909.pth"
pretrained_prefix = "backbone."
after_crop = [
    dict(
        type="Albumentation",
        transforms=[
            dict(
                type="CoarseDropout",
                max_height=40,
                max_holes=8,
                max_width=40,
                min_height=10,
                min_holes=1,
                min_width=10,
                p=0.5,
            )
        ],
    )
]
