# Hands, one class: the network of people's rtmdet-nano on a file of hands.
_base_ = "./rtmdet_nano_320-8xb32_coco-person.py"
hands = dict(metainfo=dict(classes=("hand",)), data_root="data/hand/")
train_dataloader = dict(dataset=dict(**hands, ann_file="annotations/train.json", data_prefix=dict(img="")))
val_dataloader = dict(dataset=dict(**hands, ann_file="annotations/val.json", data_prefix=dict(img="")))
test_dataloader = val_dataloader
val_evaluator = dict(ann_file=hands["data_root"] + "annotations/val.json")
test_evaluator = val_evaluator
