# fmt: off
dataset_info = dict(
    dataset_name="ochuman",
    paper_info=dict(
        author=(
            "Zhang, Song-Hai and Li, Ruilong and Dong, Xin and Rosin, Paul and Cai, Zixi and Han, Xi and "
            "Yang, Dingcheng and Huang, Haozhi and Hu, Shi-Min"
        ),
        title="Pose2seg: Detection free human instance segmentation",
        container="Proceedings of the IEEE conference on computer vision and pattern recognition",
        year="2019",
        homepage="https://github.com/liruilong940607/OCHumanApi",
    ),
    keypoint_info={
        0: dict(id=0, name="nose", swap="", type="upper", color=[51, 153, 255]),
        1: dict(id=1, name="left_eye", swap="right_eye", type="upper", color=[51, 153, 255]),
        2: dict(id=2, name="right_eye", swap="left_eye", type="upper", color=[51, 153, 255]),
        3: dict(id=3, name="left_ear", swap="right_ear", type="upper", color=[51, 153, 255]),
        4: dict(id=4, name="right_ear", swap="left_ear", type="upper", color=[51, 153, 255]),
        5: dict(id=5, name="left_shoulder", swap="right_shoulder", type="upper", color=[0, 255, 0]),
        6: dict(id=6, name="right_shoulder", swap="left_shoulder", type="upper", color=[255, 128, 0]),
        7: dict(id=7, name="left_elbow", swap="right_elbow", type="upper", color=[0, 255, 0]),
        8: dict(id=8, name="right_elbow", swap="left_elbow", type="upper", color=[255, 128, 0]),
        9: dict(id=9, name="left_wrist", swap="right_wrist", type="upper", color=[0, 255, 0]),
        10: dict(id=10, name="right_wrist", swap="left_wrist", type="upper", color=[255, 128, 0]),
        11: dict(id=11, name="left_hip", swap="right_hip", type="lower", color=[0, 255, 0]),
        12: dict(id=12, name="right_hip", swap="left_hip", type="lower", color=[255, 128, 0]),
        13: dict(id=13, name="left_knee", swap="right_knee", type="lower", color=[0, 255, 0]),
        14: dict(id=14, name="right_knee", swap="left_knee", type="lower", color=[255, 128, 0]),
        15: dict(id=15, name="left_ankle", swap="right_ankle", type="lower", color=[0, 255, 0]),
        16: dict(id=16, name="right_ankle", swap="left_ankle", type="lower", color=[255, 128, 0]),
    },
    skeleton_info={
        0: dict(id=0, link=("left_ankle", "left_knee"), color=[0, 255, 0]),
        1: dict(id=1, link=("left_knee", "left_hip"), color=[0, 255, 0]),
        2: dict(id=2, link=("right_ankle", "right_knee"), color=[255, 128, 0]),
        3: dict(id=3, link=("right_knee", "right_hip"), color=[255, 128, 0]),
        4: dict(id=4, link=("left_hip", "right_hip"), color=[51, 153, 255]),
        5: dict(id=5, link=("left_shoulder", "left_hip"), color=[51, 153, 255]),
        6: dict(id=6, link=("right_shoulder", "right_hip"), color=[51, 153, 255]),
        7: dict(id=7, link=("left_shoulder", "right_shoulder"), color=[51, 153, 255]),
        8: dict(id=8, link=("left_shoulder", "left_elbow"), color=[0, 255, 0]),
        9: dict(id=9, link=("right_shoulder", "right_elbow"), color=[255, 128, 0]),
        10: dict(id=10, link=("left_elbow", "left_wrist"), color=[0, 255, 0]),
        11: dict(id=11, link=("right_elbow", "right_wrist"), color=[255, 128, 0]),
        12: dict(id=12, link=("left_eye", "right_eye"), color=[51, 153, 255]),
        13: dict(id=13, link=("nose", "left_eye"), color=[51, 153, 255]),
        14: dict(id=14, link=("nose", "right_eye"), color=[51, 153, 255]),
        15: dict(id=15, link=("left_eye", "left_ear"), color=[51, 153, 255]),
        16: dict(id=16, link=("right_eye", "right_ear"), color=[51, 153, 255]),
        17: dict(id=17, link=("left_ear", "left_shoulder"), color=[51, 153, 255]),
        18: dict(id=18, link=("right_ear", "right_shoulder"), color=[51, 153, 255]),
    },
    joint_weights=[1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.2, 1.2, 1.5, 1.5, 1.0, 1.0, 1.2, 1.2, 1.5, 1.5],
    sigmas=[
        0.026, 0.025, 0.025, 0.035, 0.035, 0.079, 0.079, 0.072, 0.072, 0.062, 0.062, 0.107, 0.107, 0.087, 0.087,
        0.089, 0.089
    ],
)
