# fmt: off
dataset_info = dict(
    dataset_name="aflw",
    paper_info=dict(
        author="Koestinger, Martin and Wohlhart, Paul and Roth, Peter M and Bischof, Horst",
        title=(
            "Annotated facial landmarks in the wild: A large-scale, real-world database for facial landmark "
            "localization"
        ),
        container="2011 IEEE international conference on computer vision workshops (ICCV workshops)",
        year="2011",
        homepage="https://www.tugraz.at/institute/icg/research/team-bischof/lrs/downloads/aflw/",
    ),
    keypoint_info={
        0: dict(id=0, name="kpt-0", swap="kpt-5", type="", color=[255, 0, 0]),
        1: dict(id=1, name="kpt-1", swap="kpt-4", type="", color=[255, 0, 0]),
        2: dict(id=2, name="kpt-2", swap="kpt-3", type="", color=[255, 0, 0]),
        3: dict(id=3, name="kpt-3", swap="kpt-2", type="", color=[255, 0, 0]),
        4: dict(id=4, name="kpt-4", swap="kpt-1", type="", color=[255, 0, 0]),
        5: dict(id=5, name="kpt-5", swap="kpt-0", type="", color=[255, 0, 0]),
        6: dict(id=6, name="kpt-6", swap="kpt-11", type="", color=[255, 0, 0]),
        7: dict(id=7, name="kpt-7", swap="kpt-10", type="", color=[255, 0, 0]),
        8: dict(id=8, name="kpt-8", swap="kpt-9", type="", color=[255, 0, 0]),
        9: dict(id=9, name="kpt-9", swap="kpt-8", type="", color=[255, 0, 0]),
        10: dict(id=10, name="kpt-10", swap="kpt-7", type="", color=[255, 0, 0]),
        11: dict(id=11, name="kpt-11", swap="kpt-6", type="", color=[255, 0, 0]),
        12: dict(id=12, name="kpt-12", swap="kpt-14", type="", color=[255, 0, 0]),
        13: dict(id=13, name="kpt-13", swap="", type="", color=[255, 0, 0]),
        14: dict(id=14, name="kpt-14", swap="kpt-12", type="", color=[255, 0, 0]),
        15: dict(id=15, name="kpt-15", swap="kpt-17", type="", color=[255, 0, 0]),
        16: dict(id=16, name="kpt-16", swap="", type="", color=[255, 0, 0]),
        17: dict(id=17, name="kpt-17", swap="kpt-15", type="", color=[255, 0, 0]),
        18: dict(id=18, name="kpt-18", swap="", type="", color=[255, 0, 0]),
    },
    skeleton_info={},
    joint_weights=[1.0] * 19,
    sigmas=[],
)
