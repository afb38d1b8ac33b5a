# People, one class, at 640 pixels.
_base_ = "./rtmdet_m_8xb32-300e_coco.py"
pretrained = (
    "https://download.openmmlab.com/mmdetection/v3.0/rtmdet/cspnext_rsb_pretrain/"
    "cspnext-m_8xb256-rsb-a1-600e_in1k-ecb3bbd9.pth"
)
model = dict(
    backbone=dict(init_cfg=dict(type="Pretrained", prefix="backbone.", checkpoint=pretrained)),
    bbox_head=dict(num_classes=1),
    test_cfg=dict(
        nms_pre=1000, min_bbox_size=0, score_thr=0.05, nms=dict(type="nms", iou_threshold=0.6), max_per_img=100
    ),
)
train_dataloader = dict(dataset=dict(metainfo=dict(classes=("person",))))
val_dataloader = dict(dataset=dict(metainfo=dict(classes=("person",))))
test_dataloader = val_dataloader
