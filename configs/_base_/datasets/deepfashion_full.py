# Corrected: from keypoint 4 on, 4 of the published ids disagreed with the position of their point.
# fmt: off
dataset_info = dict(
    dataset_name="deepfashion_full",
    paper_info=dict(
        author="Liu, Ziwei and Luo, Ping and Qiu, Shi and Wang, Xiaogang and Tang, Xiaoou",
        title="DeepFashion: Powering Robust Clothes Recognition and Retrieval with Rich Annotations",
        container="Proceedings of IEEE Conference on Computer Vision and Pattern Recognition (CVPR)",
        year="2016",
        homepage="http://mmlab.ie.cuhk.edu.hk/projects/DeepFashion/LandmarkDetection.html",
    ),
    keypoint_info={
        0: dict(id=0, name="left collar", swap="right collar", type="", color=[255, 255, 255]),
        1: dict(id=1, name="right collar", swap="left collar", type="", color=[255, 255, 255]),
        2: dict(id=2, name="left sleeve", swap="right sleeve", type="", color=[255, 255, 255]),
        3: dict(id=3, name="right sleeve", swap="left sleeve", type="", color=[255, 255, 255]),
        4: dict(id=4, name="left waistline", swap="right waistline", type="", color=[255, 255, 255]),
        5: dict(id=5, name="right waistline", swap="left waistline", type="", color=[255, 255, 255]),
        6: dict(id=6, name="left hem", swap="right hem", type="", color=[255, 255, 255]),
        7: dict(id=7, name="right hem", swap="left hem", type="", color=[255, 255, 255]),
    },
    skeleton_info={},
    joint_weights=[1.0] * 8,
    sigmas=[],
)
