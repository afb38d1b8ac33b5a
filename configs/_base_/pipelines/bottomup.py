# Whole images to heatmaps of all people in them; in evaluation they keep their size, up to a multiple.
codec: dict
input_size: tuple = (512, 512)
size_factor: int = 32
mask: bool = True  # where to learn: not where people are unlabelled
train_pipeline = [
    dict(type="LoadImage"),
    dict(type="BottomupRandomAffine", input_size=input_size),
    dict(type="RandomFlip", direction="horizontal"),
    dict(type="GenerateTarget", encoder=codec),
    *([dict(type="BottomupGetHeatmapMask")] if mask else []),
    dict(type="PackPoseInputs"),
]
meta_keys = [
    *("id", "img_id", "img_path", "crowd_index", "ori_shape", "img_shape"),
    *("input_size", "input_center", "input_scale", "flip", "flip_direction"),
    *("flip_indices", "raw_ann_info", "skeleton_links"),
]
val_pipeline = [
    dict(type="LoadImage"),
    dict(type="BottomupResize", input_size=input_size, size_factor=size_factor, resize_mode="expand"),
    dict(type="PackPoseInputs", meta_keys=meta_keys),
]
data_preprocessor = dict(
    type="PoseDataPreprocessor", mean=[123.675, 116.28, 103.53], std=[58.395, 57.12, 57.375], bgr_to_rgb=True
)
