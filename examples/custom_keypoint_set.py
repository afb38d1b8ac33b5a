"""A keypoint set of one's own, for ``metainfo=dict(from_file="examples/custom_keypoint_set.py")``."""

dataset_info = dict(
    dataset_name="fish",
    keypoint_info={
        0: dict(id=0, name="mouth", type="upper", swap="", color=[51, 153, 255]),
        1: dict(id=1, name="left_fin", type="upper", swap="right_fin", color=[0, 255, 0]),
        2: dict(id=2, name="right_fin", type="upper", swap="left_fin", color=[255, 128, 0]),
        3: dict(id=3, name="tail", type="lower", swap="", color=[51, 153, 255]),
    },
    skeleton_info={
        0: dict(id=0, link=("mouth", "tail"), color=[51, 153, 255]),
        1: dict(id=1, link=("left_fin", "right_fin"), color=[51, 153, 255]),
    },
    joint_weights=[1.0, 1.0, 1.0, 1.0],
    # Spread of repeated labels over the square root of the area; without sigmas there is no OKS, but PCK works.
    sigmas=[0.03, 0.06, 0.06, 0.05],
)
