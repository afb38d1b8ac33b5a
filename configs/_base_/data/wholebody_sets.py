# Sets of bodies, faces and hands as the 133 keypoints of COCO-WholeBody, for mixtures of them.
_base_ = "shared_root.py"
num_keypoints: int = 133
metainfo = dict(from_file="configs/_base_/datasets/coco_wholebody.py")
combined = dict(type="CombinedDataset", test_mode=False, metainfo=metainfo, pipeline=[])
bodies = ("aic", "crowdpose", "mpii", "jhmdb", "posetrack18")
faces = ("wflw", "face300w", "cofw", "lapa")
in_the_face = range(23, 91)
pairs = dict(
    {name: _base_.coco_pairs[name] for name in bodies},
    halpe=([*range(17), *range(20, 136)], [*range(17), 17, 20, 18, 21, 19, 22, *range(23, 133)]),
    humanart=(range(21), [*range(17), 99, 120, 17, 20]),
    wflw=(
        [*range(0, 33, 2), *range(33, 38), *range(42, 47), *range(51, 60), *range(60, 62), *range(63, 66)]
        + [*range(67, 70), *range(71, 74), *range(75, 96)],
        in_the_face,
    ),
    lapa=(
        [*range(0, 33, 2), *range(33, 38), *range(42, 47), *range(51, 55), *range(58, 63)]
        + [66, 67, 69, 70, 71, 73, 75, 76, 78, 79, 80, 82, *range(84, 104)],
        in_the_face,
    ),
    face300w=(range(68), in_the_face),
    cofw=(
        [0, 2, 4, 1, 3, 6, 8, 10, 9, 11, *range(18, 29)],
        [40, 44, 42, 49, 45, 47, 59, 62, 68, 65, 54, 58, 53, 56, 71, 77, 74, 85, 89, 80, 31],
    ),
    # InterHand counts the fingers of the right hand, then of the left, each from its tip, and last the wrist.
    interhand=(
        range(42),
        [
            point
            for wrist in (112, 91)
            for point in [*[wrist + 4 * finger + 4 - joint for finger in range(5) for joint in range(4)], wrist]
        ],
    ),
)
convert = {
    name: [dict(type="KeypointConverter", num_keypoints=num_keypoints, mapping=list(zip(*pair)))]
    for name, pair in pairs.items()
}
# Faces and hands are looked at from so far that the network sees them as parts of bodies.
step_back = [
    dict(type="LoadImage"),
    dict(type="GetBBoxCenterScale"),
    dict(type="RandomBBoxTransform", shift_factor=0.0, scale_factor=[1.5, 2.0], rotate_factor=0),
]
scenes = [
    *("Magic_show", "Entertainment", "ConductMusic", "Online_class", "TalkShow"),
    *("Speech", "Fitness", "Interview", "Olympic", "TVShow"),
    *("Singing", "SignLanguage", "Movie", "LiveVlog", "VideoConference"),
]
ubody = [
    dict(
        type="UBody2dDataset",
        **_base_.shared,
        ann_file=f"Ubody/annotations/{scene}/train_annotations.json",
        data_prefix=dict(img="pose/UBody/images/"),
        sample_interval=10,
        pipeline=[],
    )
    for scene in scenes
]
ubody_metainfo = dict(from_file="configs/_base_/datasets/ubody2d.py")
humanart = dict(
    type="HumanArt21Dataset",
    **_base_.shared,
    ann_file="HumanArt/annotations/training_humanart.json",
    data_prefix=dict(img="pose/"),
    filter_cfg=dict(scenes=["real_human"]),
    pipeline=convert["humanart"],
)
interhand = dict(
    type="InterHand2DDoubleDataset",
    **_base_.shared,
    ann_file="interhand26m/annotations/all/InterHand2.6M_train_data.json",
    camera_param_file="interhand26m/annotations/all/InterHand2.6M_train_camera.json",
    joint_file="interhand26m/annotations/all/InterHand2.6M_train_joint_3d.json",
    data_prefix=dict(img="interhand2.6m/images/train/"),
    sample_interval=10,
    pipeline=[*convert["interhand"], *step_back],
)
