_base_ = "../../../_base_/recipes/yoloxpose.py"
dataset = "coco"
size = "t"
val_input_size = (416, 416)
batch_size = 64
mix_up = None
pack = dict(
    extra_mapping_labels=dict(
        bbox="bboxes",
        bbox_labels="labels",
        keypoints="keypoints",
        keypoints_visible="keypoints_visible",
        area="areas",
    )
)
