# Public sets below one root, as the mixtures of several sets read them, with what each calls COCO's keypoints.
data_root: str = "{{$POSEKIT_DATA:data}}/"
data_mode: str = "topdown"
coco_images: str = "detection/coco/"
shared = dict(data_root=data_root, data_mode=data_mode)
aic_images = "pose/ai_challenge/ai_challenger_keypoint"
halpe_images = "pose/Halpe/hico_20160224_det/images/train2015"
train_sets = dict(
    coco=("CocoDataset", "coco/annotations/person_keypoints_train2017.json", f"{coco_images}train2017/"),
    wholebody=("CocoWholeBodyDataset", "coco/annotations/coco_wholebody_train_v1.0.json", f"{coco_images}train2017/"),
    aic=(
        "AicDataset",
        "aic/annotations/aic_train.json",
        f"{aic_images}_train_20170902/keypoint_train_images_20170902/",
    ),
    crowdpose=("CrowdPoseDataset", "crowdpose/annotations/mmpose_crowdpose_trainval.json", "pose/CrowdPose/images/"),
    mpii=("MpiiDataset", "mpii/annotations/mpii_train.json", "pose/MPI/images/"),
    jhmdb=("JhmdbDataset", "jhmdb/annotations/Sub1_train.json", "pose/JHMDB/"),
    halpe=("HalpeDataset", "halpe/annotations/halpe_train_v1.json", halpe_images),
    posetrack18=("PoseTrack18Dataset", "posetrack18/annotations/posetrack18_train.json", "pose/PoseChallenge2018/"),
    lapa=("LapaDataset", "LaPa/annotations/lapa_trainval.json", "pose/LaPa/"),
    wflw=("WFLWDataset", "wflw/annotations/face_landmarks_wflw_train.json", "pose/WFLW/images/"),
    face300w=("Face300WDataset", "300w/annotations/face_landmarks_300w_train.json", "pose/300w/images/"),
    cofw=("COFWDataset", "cofw/annotations/cofw_train.json", "pose/COFW/images/"),
    onehand10k=("OneHand10KDataset", "onehand10k/annotations/onehand10k_train.json", "pose/OneHand10K/"),
    freihand=("FreiHandDataset", "freihand/annotations/freihand_train.json", "pose/FreiHand/"),
    rhd=("Rhd2DDataset", "rhd/annotations/rhd_train.json", "pose/RHD/"),
)
val_sets = dict(
    coco=("CocoDataset", "coco/annotations/person_keypoints_val2017.json", f"{coco_images}val2017/"),
    wholebody=("CocoWholeBodyDataset", "coco/annotations/coco_wholebody_val_v1.0.json", f"{coco_images}val2017/"),
    aic=(
        "AicDataset",
        "aic/annotations/aic_val.json",
        f"{aic_images}_validation_20170911/keypoint_validation_images_20170911/",
    ),
    crowdpose=("CrowdPoseDataset", "crowdpose/annotations/mmpose_crowdpose_test.json", "pose/CrowdPose/images/"),
    mpii=("MpiiDataset", "mpii/annotations/mpii_val.json", "pose/MPI/images/"),
    jhmdb=("JhmdbDataset", "jhmdb/annotations/Sub1_test.json", "pose/JHMDB/"),
    halpe=("HalpeDataset", "halpe/annotations/halpe_val_v1.json", "detection/coco/val2017/"),
    ochuman=(
        "OCHumanDataset",
        "ochuman/annotations/ochuman_coco_format_val_range_0.00_1.00.json",
        "pose/OCHuman/images/",
    ),
    posetrack18=("PoseTrack18Dataset", "posetrack18/annotations/posetrack18_val.json", "pose/PoseChallenge2018/"),
    lapa=("LapaDataset", "LaPa/annotations/lapa_test.json", "pose/LaPa/"),
    wflw=("WFLWDataset", "wflw/annotations/face_landmarks_wflw_test.json", "pose/WFLW/images/"),
    face300w=("Face300WDataset", "300w/annotations/face_landmarks_300w_test.json", "pose/300w/images/"),
    cofw=("COFWDataset", "cofw/annotations/cofw_test.json", "pose/COFW/images/"),
    onehand10k=("OneHand10KDataset", "onehand10k/annotations/onehand10k_test.json", "pose/OneHand10K/"),
    freihand=("FreiHandDataset", "freihand/annotations/freihand_test.json", "pose/FreiHand/"),
    rhd=("Rhd2DDataset", "rhd/annotations/rhd_test.json", "pose/RHD/"),
)
train_sets = {
    name: dict(type=kind, **shared, ann_file=ann_file, data_prefix=dict(img=folder))
    for name, (kind, ann_file, folder) in train_sets.items()
}
val_sets = {
    name: dict(type=kind, **shared, ann_file=ann_file, data_prefix=dict(img=folder))
    for name, (kind, ann_file, folder) in val_sets.items()
}
# Keypoints of each set, and those of COCO that they are.
coco_pairs = dict(
    coco=(range(17), range(17)),
    aic=(range(12), [6, 8, 10, 5, 7, 9, 12, 14, 16, 11, 13, 15]),
    crowdpose=(range(12), range(5, 17)),
    mpii=([0, 1, 2, 3, 4, 5, 10, 11, 12, 13, 14, 15], [16, 14, 12, 11, 13, 15, 10, 8, 6, 5, 7, 9]),
    jhmdb=(range(3, 15), [6, 5, 12, 11, 8, 7, 14, 13, 10, 9, 16, 15]),
    halpe=(range(17), range(17)),
    ochuman=(range(17), range(17)),
    posetrack18=([0, *range(3, 17)], [0, *range(3, 17)]),
)
