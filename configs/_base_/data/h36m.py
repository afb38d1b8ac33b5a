# Human3.6M: sequences of 17 keypoints in two and in three dimensions, at 50 frames per second.
data_root: str = "{{$POSEKIT_DATA:data}}/h36m/"
version: str = ""  # of the annotations; "_original" are those of the dataset's authors
sequence: dict = {}  # how sequences are cut: arguments of Human36mDataset
cpn: bool = False  # keypoints in two dimensions as a cascaded pyramid network found them
folder = "annotation_body3d/fps50"
found, found_in_test = [
    dict(keypoint_2d_src="detection", keypoint_2d_det_file=f"joint_2d_det_files/cpn_ft_h36m_dbb_{part}.npy")
    for part in ("train", "test")
]
train_set: dict = dict(
    type="Human36mDataset",
    data_root=data_root,
    ann_file=f"{folder}/h36m_train{version}.npz",
    data_prefix=dict(img="images/"),
    **sequence,
    **(found if cpn else {}),
)
val_set: dict = dict(train_set, ann_file=f"{folder}/h36m_test{version}.npz", **(found_in_test if cpn else {}))
val_evaluator = [dict(type="MPJPE", mode="mpjpe"), dict(type="MPJPE", mode="p-mpjpe")]
save_best = "MPJPE"
save_rule = "less"
max_keep_ckpts = 1
data_mode = None
