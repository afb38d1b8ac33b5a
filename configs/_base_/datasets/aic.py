# fmt: off
dataset_info = dict(
    dataset_name="aic",
    paper_info=dict(
        author=(
            "Wu, Jiahong and Zheng, He and Zhao, Bo and Li, Yixin and Yan, Baoming and Liang, Rui and Wang, "
            "Wenjia and Zhou, Shipei and Lin, Guosen and Fu, Yanwei and others"
        ),
        title="Ai challenger: A large-scale dataset for going deeper in image understanding",
        container="arXiv",
        year="2017",
        homepage="https://github.com/AIChallenger/AI_Challenger_2017",
    ),
    keypoint_info={
        0: dict(id=0, name="right_shoulder", swap="left_shoulder", type="upper", color=[255, 128, 0]),
        1: dict(id=1, name="right_elbow", swap="left_elbow", type="upper", color=[255, 128, 0]),
        2: dict(id=2, name="right_wrist", swap="left_wrist", type="upper", color=[255, 128, 0]),
        3: dict(id=3, name="left_shoulder", swap="right_shoulder", type="upper", color=[0, 255, 0]),
        4: dict(id=4, name="left_elbow", swap="right_elbow", type="upper", color=[0, 255, 0]),
        5: dict(id=5, name="left_wrist", swap="right_wrist", type="upper", color=[0, 255, 0]),
        6: dict(id=6, name="right_hip", swap="left_hip", type="lower", color=[255, 128, 0]),
        7: dict(id=7, name="right_knee", swap="left_knee", type="lower", color=[255, 128, 0]),
        8: dict(id=8, name="right_ankle", swap="left_ankle", type="lower", color=[255, 128, 0]),
        9: dict(id=9, name="left_hip", swap="right_hip", type="lower", color=[0, 255, 0]),
        10: dict(id=10, name="left_knee", swap="right_knee", type="lower", color=[0, 255, 0]),
        11: dict(id=11, name="left_ankle", swap="right_ankle", type="lower", color=[0, 255, 0]),
        12: dict(id=12, name="head_top", swap="", type="upper", color=[51, 153, 255]),
        13: dict(id=13, name="neck", swap="", type="upper", color=[51, 153, 255]),
    },
    skeleton_info={
        0: dict(id=0, link=("right_wrist", "right_elbow"), color=[255, 128, 0]),
        1: dict(id=1, link=("right_elbow", "right_shoulder"), color=[255, 128, 0]),
        2: dict(id=2, link=("right_shoulder", "neck"), color=[51, 153, 255]),
        3: dict(id=3, link=("neck", "left_shoulder"), color=[51, 153, 255]),
        4: dict(id=4, link=("left_shoulder", "left_elbow"), color=[0, 255, 0]),
        5: dict(id=5, link=("left_elbow", "left_wrist"), color=[0, 255, 0]),
        6: dict(id=6, link=("right_ankle", "right_knee"), color=[255, 128, 0]),
        7: dict(id=7, link=("right_knee", "right_hip"), color=[255, 128, 0]),
        8: dict(id=8, link=("right_hip", "left_hip"), color=[51, 153, 255]),
        9: dict(id=9, link=("left_hip", "left_knee"), color=[0, 255, 0]),
        10: dict(id=10, link=("left_knee", "left_ankle"), color=[0, 255, 0]),
        11: dict(id=11, link=("head_top", "neck"), color=[51, 153, 255]),
        12: dict(id=12, link=("right_shoulder", "right_hip"), color=[51, 153, 255]),
        13: dict(id=13, link=("left_shoulder", "left_hip"), color=[51, 153, 255]),
    },
    joint_weights=[1.0, 1.2, 1.5, 1.0, 1.2, 1.5, 1.0, 1.2, 1.5, 1.0, 1.2, 1.5, 1.0, 1.0],
    sigmas=[
        0.01388152, 0.01515228, 0.01057665, 0.01417709, 0.01497891, 0.01402144, 0.03909642, 0.03686941, 0.01981803,
        0.03843971, 0.03412318, 0.02415081, 0.01291456, 0.01236173
    ],
)
