# ED-Pose (arXiv 2302.01593), trained as the paper does.
_base_ = ["../../../_base_/data/coco_topdown.py", "../../../_base_/models/edpose.py"]
codec = dict(type="EDPoseLabel", num_select=50, num_keypoints=17)
model = dict(
    backbone=dict(init_cfg=dict(type="Pretrained", checkpoint="torchvision://resnet50")), head=dict(data_decoder=codec)
)
heights = [480, 512, 544, 576, 608, 640, 672, 704, 736, 768, 800]
resize = dict(type="BottomupRandomChoiceResize", scales=[(height, 1333) for height in heights], keep_ratio=True)
crop = [
    dict(type="BottomupRandomChoiceResize", scales=[(400, 4200), (500, 4200), (600, 4200)], keep_ratio=True),
    dict(type="BottomupRandomCrop", crop_type="absolute_range", crop_size=(384, 600), allow_negative_crop=True),
    resize,
]
train_pipeline = [
    dict(type="LoadImage"),
    dict(type="RandomFlip", direction="horizontal"),
    dict(type="RandomChoice", transforms=[resize, crop]),
    dict(type="GenerateTarget", encoder=codec),
    dict(type="PackPoseInputs"),
]
val_pipeline = [
    dict(type="LoadImage"),
    dict(type="BottomupRandomChoiceResize", scales=[(800, 1333)], keep_ratio=True),
    dict(type="PackPoseInputs"),
]
train_dataloader = dict(batch_size=2, dataset=dict(data_mode="bottomup", pipeline=train_pipeline))
val_dataloader = dict(batch_size=1, dataset=dict(data_mode="bottomup", pipeline=val_pipeline))
test_dataloader = val_dataloader
val_evaluator = dict(nms_mode="none", score_mode="keypoint")
test_evaluator = val_evaluator

train_cfg = dict(by_epoch=True, max_epochs=50, val_interval=10)
optim_wrapper = dict(
    optimizer=dict(type="AdamW", lr=1e-4, weight_decay=1e-4),
    paramwise_cfg=dict(custom_keys={"backbone": dict(lr_mult=0.1), "sampling_offsets": dict(lr_mult=0.1)}),
    clip_grad=dict(max_norm=0.1, norm_type=2),
)
param_scheduler = [dict(type="MultiStepLR", begin=0, end=50, milestones=[33, 45], gamma=0.1, by_epoch=True)]
auto_scale_lr = dict(base_batch_size=16)
