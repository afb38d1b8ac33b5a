# fmt: off
dataset_info = dict(
    dataset_name="panoptic_pose_3d",
    paper_info=dict(
        author=(
            "Joo, Hanbyul and Simon, Tomas and Li, Xulongand Liu, Hao and Tan, Lei and Gui, Lin and "
            "Banerjee, Seanand Godisart, Timothy and Nabbe, Bart and Matthews, Iainand Kanade, Takeo and "
            "Nobuhara, Shohei and Sheikh, Yaser"
        ),
        title="Panoptic Studio: A Massively Multiview System for Interaction Motion Capture",
        container="IEEE Transactions on Pattern Analysis and Machine Intelligence",
        year="2017",
        homepage="http://domedb.perception.cs.cmu.edu",
    ),
    keypoint_info={
        0: dict(id=0, name="neck", swap="", type="upper", color=[51, 153, 255]),
        1: dict(id=1, name="nose", swap="", type="upper", color=[51, 153, 255]),
        2: dict(id=2, name="mid_hip", swap="", type="lower", color=[0, 255, 0]),
        3: dict(id=3, name="left_shoulder", swap="right_shoulder", type="upper", color=[0, 255, 0]),
        4: dict(id=4, name="left_elbow", swap="right_elbow", type="upper", color=[0, 255, 0]),
        5: dict(id=5, name="left_wrist", swap="right_wrist", type="upper", color=[0, 255, 0]),
        6: dict(id=6, name="left_hip", swap="right_hip", type="lower", color=[0, 255, 0]),
        7: dict(id=7, name="left_knee", swap="right_knee", type="lower", color=[0, 255, 0]),
        8: dict(id=8, name="left_ankle", swap="right_ankle", type="lower", color=[0, 255, 0]),
        9: dict(id=9, name="right_shoulder", swap="left_shoulder", type="upper", color=[255, 128, 0]),
        10: dict(id=10, name="right_elbow", swap="left_elbow", type="upper", color=[255, 128, 0]),
        11: dict(id=11, name="right_wrist", swap="left_wrist", type="upper", color=[255, 128, 0]),
        12: dict(id=12, name="right_hip", swap="left_hip", type="lower", color=[255, 128, 0]),
        13: dict(id=13, name="right_knee", swap="left_knee", type="lower", color=[255, 128, 0]),
        14: dict(id=14, name="right_ankle", swap="left_ankle", type="lower", color=[255, 128, 0]),
        15: dict(id=15, name="left_eye", swap="right_eye", type="upper", color=[51, 153, 255]),
        16: dict(id=16, name="left_ear", swap="right_ear", type="upper", color=[51, 153, 255]),
        17: dict(id=17, name="right_eye", swap="left_eye", type="upper", color=[51, 153, 255]),
        18: dict(id=18, name="right_ear", swap="left_ear", type="upper", color=[51, 153, 255]),
    },
    skeleton_info={
        0: dict(id=0, link=("nose", "neck"), color=[51, 153, 255]),
        1: dict(id=1, link=("neck", "left_shoulder"), color=[0, 255, 0]),
        2: dict(id=2, link=("neck", "right_shoulder"), color=[255, 128, 0]),
        3: dict(id=3, link=("left_shoulder", "left_elbow"), color=[0, 255, 0]),
        4: dict(id=4, link=("right_shoulder", "right_elbow"), color=[255, 128, 0]),
        5: dict(id=5, link=("left_elbow", "left_wrist"), color=[0, 255, 0]),
        6: dict(id=6, link=("right_elbow", "right_wrist"), color=[255, 128, 0]),
        7: dict(id=7, link=("left_ankle", "left_knee"), color=[0, 255, 0]),
        8: dict(id=8, link=("left_knee", "left_hip"), color=[0, 255, 0]),
        9: dict(id=9, link=("right_ankle", "right_knee"), color=[255, 128, 0]),
        10: dict(id=10, link=("right_knee", "right_hip"), color=[255, 128, 0]),
        11: dict(id=11, link=("mid_hip", "left_hip"), color=[0, 255, 0]),
        12: dict(id=12, link=("mid_hip", "right_hip"), color=[255, 128, 0]),
        13: dict(id=13, link=("mid_hip", "neck"), color=[51, 153, 255]),
    },
    joint_weights=[1.0, 1.0, 1.0, 1.0, 1.2, 1.5, 1.0, 1.2, 1.5, 1.0, 1.2, 1.5, 1.0, 1.2, 1.5, 1.0, 1.0, 1.0, 1.0],
    sigmas=[
        0.026, 0.026, 0.107, 0.079, 0.072, 0.062, 0.107, 0.087, 0.089, 0.079, 0.072, 0.062, 0.107, 0.087, 0.089,
        0.025, 0.035, 0.025, 0.035
    ],
)
