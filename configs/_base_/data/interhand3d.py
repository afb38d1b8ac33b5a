# InterHand2.6M: 21 keypoints of each hand in three dimensions.
data_root: str = "{{$POSEKIT_DATA:data}}/interhand2.6m/"
train_set, val_set, test_set = [
    dict(
        type="InterHand3DDataset",
        data_root=data_root,
        ann_file=f"annotations/{part}_data.json",
        camera_param_file=f"annotations/{part}_camera.json",
        joint_file=f"annotations/{part}_joint_3d.json",
        use_gt_root_depth=True,
        rootnet_result_file=None,
        data_prefix=dict(img=f"images/{images}/"),
    )
    for part, images in (
        ("all/InterHand2.6M_train", "train"),
        ("machine_annot/InterHand2.6M_val", "val"),
        ("all/InterHand2.6M_test", "test"),
    )
]
val_evaluator = [dict(type="InterHandMetric", modes=["MPJPE", "MRRPE", "HandednessAcc"])]
save_best = "MPJPE_all"
save_rule = "less"
save_interval = 1
max_keep_ckpts = 1
