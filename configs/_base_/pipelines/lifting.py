# Keypoints in two dimensions in, their positions around the root in three dimensions out.
codec: dict
flip: bool = True
meta_keys: list = ["id", "category_id", "target_img_path", "flip_indices", "target_root"]
target = [dict(type="GenerateTarget", encoder=codec), dict(type="PackPoseInputs", meta_keys=meta_keys)]
turn = dict(type="RandomFlipAroundRoot", keypoints_flip_cfg={}, target_flip_cfg={})
train_pipeline = [*([turn] if flip else []), *target]
val_pipeline = target
