# Everyday photographs with many people: crops written by tools/pack_people.py to train on, whole photographs to test.
_base_ = "../default_runtime.py"
data_root = "{{$POSEKIT_DATA:data}}/"
crops = dict(
    type="CocoDataset",
    data_root=data_root + "people-crops/",
    data_mode="topdown",
    ann_file="train.json",
    data_prefix=dict(img=""),
)
train_dataloader = dict(
    batch_size=16,
    num_workers=0,
    drop_last=True,
    sampler=dict(type="DefaultSampler", shuffle=True),
    dataset=crops,
)
val_dataloader = dict(
    batch_size=32,
    num_workers=0,
    drop_last=False,
    sampler=dict(type="DefaultSampler", shuffle=False, round_up=False),
    dataset=dict(**{**crops, "ann_file": "dev.json"}, test_mode=True),
)
test_dataloader = dict(
    **{
        **val_dataloader,
        "dataset": dict(
            type="CocoDataset",
            data_root=data_root + "people/",
            data_mode="topdown",
            ann_file="val.json",
            data_prefix=dict(img="val/"),
            test_mode=True,
        ),
    }
)
val_evaluator = dict(type="CocoMetric", ann_file=data_root + "people-crops/dev.json")
test_evaluator = dict(type="CocoMetric", ann_file=data_root + "people/val.json", keypoint_ap=True)
default_hooks = dict(checkpoint=dict(save_best="coco/AP", rule="greater", max_keep_ckpts=1))
