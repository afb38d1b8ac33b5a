# Leeds Sports Pose Extended as COCO-style files, one person per photograph.
_base_ = "../default_runtime.py"
data_root = "{{$POSEKIT_DATA:data}}/lspet/"
train_dataloader = dict(
    batch_size=64,
    num_workers=1,
    persistent_workers=True,
    sampler=dict(type="DefaultSampler", shuffle=True),
    dataset=dict(
        type="CocoDataset",
        data_root=data_root,
        data_mode="topdown",
        ann_file="annotations/train.json",
        data_prefix=dict(img="images/"),
        metainfo=dict(from_file="configs/_base_/datasets/lsp.py"),
    ),
)
val_dataloader = dict(
    batch_size=64,
    num_workers=1,
    persistent_workers=True,
    drop_last=False,
    sampler=dict(type="DefaultSampler", shuffle=False, round_up=False),
    dataset=dict(
        type="CocoDataset",
        data_root=data_root,
        data_mode="topdown",
        ann_file="annotations/val.json",
        data_prefix=dict(img="images/"),
        metainfo=dict(from_file="configs/_base_/datasets/lsp.py"),
        test_mode=True,
    ),
)
test_dataloader = val_dataloader
val_evaluator = [
    dict(type="PCKAccuracy", thr=0.2, norm_item="torso"),
    dict(type="PCKAccuracy", thr=0.1, norm_item="bbox"),
]
test_evaluator = val_evaluator
default_hooks = dict(checkpoint=dict(save_best="tPCK", rule="greater", max_keep_ckpts=1))
