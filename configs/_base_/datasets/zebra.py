# fmt: off
dataset_info = dict(
    dataset_name="zebra",
    paper_info=dict(
        author=(
            "Graving, Jacob M and Chae, Daniel and Naik, Hemal and Li, Liang and Koger, Benjamin and "
            "Costelloe, Blair R and Couzin, Iain D"
        ),
        title="DeepPoseKit, a software toolkit for fast and robust animal pose estimation using deep learning",
        container="Elife",
        year="2019",
        homepage="https://github.com/jgraving/DeepPoseKit-Data",
    ),
    keypoint_info={
        0: dict(id=0, name="snout", swap="", type="", color=[255, 255, 255]),
        1: dict(id=1, name="head", swap="", type="", color=[255, 255, 255]),
        2: dict(id=2, name="neck", swap="", type="", color=[255, 255, 255]),
        3: dict(id=3, name="forelegL1", swap="forelegR1", type="", color=[255, 255, 255]),
        4: dict(id=4, name="forelegR1", swap="forelegL1", type="", color=[255, 255, 255]),
        5: dict(id=5, name="hindlegL1", swap="hindlegR1", type="", color=[255, 255, 255]),
        6: dict(id=6, name="hindlegR1", swap="hindlegL1", type="", color=[255, 255, 255]),
        7: dict(id=7, name="tailbase", swap="", type="", color=[255, 255, 255]),
        8: dict(id=8, name="tailtip", swap="", type="", color=[255, 255, 255]),
    },
    skeleton_info={
        0: dict(id=0, link=("head", "snout"), color=[255, 255, 255]),
        1: dict(id=1, link=("neck", "head"), color=[255, 255, 255]),
        2: dict(id=2, link=("forelegL1", "neck"), color=[255, 255, 255]),
        3: dict(id=3, link=("forelegR1", "neck"), color=[255, 255, 255]),
        4: dict(id=4, link=("hindlegL1", "tailbase"), color=[255, 255, 255]),
        5: dict(id=5, link=("hindlegR1", "tailbase"), color=[255, 255, 255]),
        6: dict(id=6, link=("tailbase", "neck"), color=[255, 255, 255]),
        7: dict(id=7, link=("tailtip", "tailbase"), color=[255, 255, 255]),
    },
    joint_weights=[1.0] * 9,
    sigmas=[],
)
