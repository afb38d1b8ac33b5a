# Faces, one class, in the boxes that COCO-WholeBody gives them.
_base_ = "./yolox_s_8xb8-300e_coco.py"
load_from = (
    "https://download.openmmlab.com/mmdetection/v2.0/yolox/yolox_s_8x8_300e_coco/"
    "yolox_s_8x8_300e_coco_20211121_095711-4592a793.pth"
)
model = dict(bbox_head=dict(num_classes=1))
faces = dict(metainfo=dict(classes=("person",)))
train_dataloader = dict(dataset=dict(**faces, ann_file="annotations/coco_face_train.json"))
val_dataloader = dict(dataset=dict(**faces, ann_file="annotations/coco_face_val.json"))
test_dataloader = val_dataloader
val_evaluator = dict(ann_file="data/coco/annotations/coco_face_val.json")
test_evaluator = val_evaluator
