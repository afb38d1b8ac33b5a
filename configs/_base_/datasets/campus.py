# fmt: off
dataset_info = dict(
    dataset_name="campus",
    paper_info=dict(
        author=(
            "Belagiannis, Vasileios and Amin, Sikandar and Andriluka, Mykhaylo and Schiele, Bernt and Navab,"
            " Nassir and Ilic, Slobodan"
        ),
        title="3D Pictorial Structures for Multiple Human Pose Estimation",
        container="IEEE Computer Society Conference on Computer Vision and Pattern Recognition (CVPR)",
        year="2014",
        homepage="http://campar.in.tum.de/Chair/MultiHumanPose",
    ),
    keypoint_info={
        0: dict(id=0, name="right_ankle", swap="left_ankle", type="lower", color=[255, 128, 0]),
        1: dict(id=1, name="right_knee", swap="left_knee", type="lower", color=[255, 128, 0]),
        2: dict(id=2, name="right_hip", swap="left_hip", type="lower", color=[255, 128, 0]),
        3: dict(id=3, name="left_hip", swap="right_hip", type="lower", color=[0, 255, 0]),
        4: dict(id=4, name="left_knee", swap="right_knee", type="lower", color=[0, 255, 0]),
        5: dict(id=5, name="left_ankle", swap="right_ankle", type="lower", color=[0, 255, 0]),
        6: dict(id=6, name="right_wrist", swap="left_wrist", type="upper", color=[255, 128, 0]),
        7: dict(id=7, name="right_elbow", swap="left_elbow", type="upper", color=[255, 128, 0]),
        8: dict(id=8, name="right_shoulder", swap="left_shoulder", type="upper", color=[255, 128, 0]),
        9: dict(id=9, name="left_shoulder", swap="right_shoulder", type="upper", color=[0, 255, 0]),
        10: dict(id=10, name="left_elbow", swap="right_elbow", type="upper", color=[0, 255, 0]),
        11: dict(id=11, name="left_wrist", swap="right_wrist", type="upper", color=[0, 255, 0]),
        12: dict(id=12, name="bottom_head", swap="", type="upper", color=[51, 153, 255]),
        13: dict(id=13, name="top_head", swap="", type="upper", color=[51, 153, 255]),
    },
    skeleton_info={
        0: dict(id=0, link=("right_ankle", "right_knee"), color=[255, 128, 0]),
        1: dict(id=1, link=("right_knee", "right_hip"), color=[255, 128, 0]),
        2: dict(id=2, link=("left_hip", "left_knee"), color=[0, 255, 0]),
        3: dict(id=3, link=("left_knee", "left_ankle"), color=[0, 255, 0]),
        4: dict(id=4, link=("right_hip", "left_hip"), color=[51, 153, 255]),
        5: dict(id=5, link=("right_wrist", "right_elbow"), color=[255, 128, 0]),
        6: dict(id=6, link=("right_elbow", "right_shoulder"), color=[255, 128, 0]),
        7: dict(id=7, link=("left_shoulder", "left_elbow"), color=[0, 255, 0]),
        8: dict(id=8, link=("left_elbow", "left_wrist"), color=[0, 255, 0]),
        9: dict(id=9, link=("right_hip", "right_shoulder"), color=[255, 128, 0]),
        10: dict(id=10, link=("left_hip", "left_shoulder"), color=[0, 255, 0]),
        11: dict(id=11, link=("right_shoulder", "bottom_head"), color=[255, 128, 0]),
        12: dict(id=12, link=("left_shoulder", "bottom_head"), color=[0, 255, 0]),
        13: dict(id=13, link=("bottom_head", "top_head"), color=[51, 153, 255]),
    },
    joint_weights=[1.5, 1.2, 1.0, 1.0, 1.2, 1.5, 1.5, 1.2, 1.0, 1.0, 1.2, 1.5, 1.0, 1.0],
    sigmas=[0.089, 0.087, 0.107, 0.107, 0.087, 0.089, 0.062, 0.072, 0.079, 0.079, 0.072, 0.062, 0.026, 0.026],
)
