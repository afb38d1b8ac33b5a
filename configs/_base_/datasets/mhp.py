# fmt: off
dataset_info = dict(
    dataset_name="mhp",
    paper_info=dict(
        author="Zhao, Jian and Li, Jianshu and Cheng, Yu and Sim, Terence and Yan, Shuicheng and Feng, Jiashi",
        title=(
            "Understanding humans in crowded scenes: Deep nested adversarial learning and a new benchmark "
            "for multi-human parsing"
        ),
        container="Proceedings of the 26th ACM international conference on Multimedia",
        year="2018",
        homepage="https://lv-mhp.github.io/dataset",
    ),
    keypoint_info={
        0: dict(id=0, name="right_ankle", swap="left_ankle", type="lower", color=[255, 128, 0]),
        1: dict(id=1, name="right_knee", swap="left_knee", type="lower", color=[255, 128, 0]),
        2: dict(id=2, name="right_hip", swap="left_hip", type="lower", color=[255, 128, 0]),
        3: dict(id=3, name="left_hip", swap="right_hip", type="lower", color=[0, 255, 0]),
        4: dict(id=4, name="left_knee", swap="right_knee", type="lower", color=[0, 255, 0]),
        5: dict(id=5, name="left_ankle", swap="right_ankle", type="lower", color=[0, 255, 0]),
        6: dict(id=6, name="pelvis", swap="", type="lower", color=[51, 153, 255]),
        7: dict(id=7, name="thorax", swap="", type="upper", color=[51, 153, 255]),
        8: dict(id=8, name="upper_neck", swap="", type="upper", color=[51, 153, 255]),
        9: dict(id=9, name="head_top", swap="", type="upper", color=[51, 153, 255]),
        10: dict(id=10, name="right_wrist", swap="left_wrist", type="upper", color=[255, 128, 0]),
        11: dict(id=11, name="right_elbow", swap="left_elbow", type="upper", color=[255, 128, 0]),
        12: dict(id=12, name="right_shoulder", swap="left_shoulder", type="upper", color=[255, 128, 0]),
        13: dict(id=13, name="left_shoulder", swap="right_shoulder", type="upper", color=[0, 255, 0]),
        14: dict(id=14, name="left_elbow", swap="right_elbow", type="upper", color=[0, 255, 0]),
        15: dict(id=15, name="left_wrist", swap="right_wrist", type="upper", color=[0, 255, 0]),
    },
    skeleton_info={
        0: dict(id=0, link=("right_ankle", "right_knee"), color=[255, 128, 0]),
        1: dict(id=1, link=("right_knee", "right_hip"), color=[255, 128, 0]),
        2: dict(id=2, link=("right_hip", "pelvis"), color=[255, 128, 0]),
        3: dict(id=3, link=("pelvis", "left_hip"), color=[0, 255, 0]),
        4: dict(id=4, link=("left_hip", "left_knee"), color=[0, 255, 0]),
        5: dict(id=5, link=("left_knee", "left_ankle"), color=[0, 255, 0]),
        6: dict(id=6, link=("pelvis", "thorax"), color=[51, 153, 255]),
        7: dict(id=7, link=("thorax", "upper_neck"), color=[51, 153, 255]),
        8: dict(id=8, link=("upper_neck", "head_top"), color=[51, 153, 255]),
        9: dict(id=9, link=("upper_neck", "right_shoulder"), color=[255, 128, 0]),
        10: dict(id=10, link=("right_shoulder", "right_elbow"), color=[255, 128, 0]),
        11: dict(id=11, link=("right_elbow", "right_wrist"), color=[255, 128, 0]),
        12: dict(id=12, link=("upper_neck", "left_shoulder"), color=[0, 255, 0]),
        13: dict(id=13, link=("left_shoulder", "left_elbow"), color=[0, 255, 0]),
        14: dict(id=14, link=("left_elbow", "left_wrist"), color=[0, 255, 0]),
    },
    joint_weights=[1.5, 1.2, 1.0, 1.0, 1.2, 1.5, 1.0, 1.0, 1.0, 1.0, 1.5, 1.2, 1.0, 1.0, 1.2, 1.5],
    sigmas=[
        0.089, 0.083, 0.107, 0.107, 0.083, 0.089, 0.026, 0.026, 0.026, 0.026, 0.062, 0.072, 0.179, 0.179, 0.072,
        0.062
    ],
)
