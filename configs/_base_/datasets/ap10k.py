# Corrected: 10 published link ids disagreed with the position of the link.
# Kept as published: the weights stand in the order of COCO's keypoints, and L_F_Paw and R_F_Paw differ in type, so
# training equals that of published models.
# fmt: off
dataset_info = dict(
    dataset_name="ap10k",
    paper_info=dict(
        author="Yu, Hang and Xu, Yufei and Zhang, Jing and Zhao, Wei and Guan, Ziyu and Tao, Dacheng",
        title="AP-10K: A Benchmark for Animal Pose Estimation in the Wild",
        container=(
            "35th Conference on Neural Information Processing Systems (NeurIPS 2021) Track on Datasets and "
            "Bench-marks."
        ),
        year="2021",
        homepage="https://github.com/AlexTheBad/AP-10K",
    ),
    keypoint_info={
        0: dict(id=0, name="L_Eye", swap="R_Eye", type="upper", color=[0, 255, 0]),
        1: dict(id=1, name="R_Eye", swap="L_Eye", type="upper", color=[255, 128, 0]),
        2: dict(id=2, name="Nose", swap="", type="upper", color=[51, 153, 255]),
        3: dict(id=3, name="Neck", swap="", type="upper", color=[51, 153, 255]),
        4: dict(id=4, name="Root of tail", swap="", type="lower", color=[51, 153, 255]),
        5: dict(id=5, name="L_Shoulder", swap="R_Shoulder", type="upper", color=[51, 153, 255]),
        6: dict(id=6, name="L_Elbow", swap="R_Elbow", type="upper", color=[51, 153, 255]),
        7: dict(id=7, name="L_F_Paw", swap="R_F_Paw", type="upper", color=[0, 255, 0]),
        8: dict(id=8, name="R_Shoulder", swap="L_Shoulder", type="upper", color=[0, 255, 0]),
        9: dict(id=9, name="R_Elbow", swap="L_Elbow", type="upper", color=[255, 128, 0]),
        10: dict(id=10, name="R_F_Paw", swap="L_F_Paw", type="lower", color=[0, 255, 0]),
        11: dict(id=11, name="L_Hip", swap="R_Hip", type="lower", color=[255, 128, 0]),
        12: dict(id=12, name="L_Knee", swap="R_Knee", type="lower", color=[255, 128, 0]),
        13: dict(id=13, name="L_B_Paw", swap="R_B_Paw", type="lower", color=[0, 255, 0]),
        14: dict(id=14, name="R_Hip", swap="L_Hip", type="lower", color=[0, 255, 0]),
        15: dict(id=15, name="R_Knee", swap="L_Knee", type="lower", color=[0, 255, 0]),
        16: dict(id=16, name="R_B_Paw", swap="L_B_Paw", type="lower", color=[0, 255, 0]),
    },
    skeleton_info={
        0: dict(id=0, link=("L_Eye", "R_Eye"), color=[0, 0, 255]),
        1: dict(id=1, link=("L_Eye", "Nose"), color=[0, 0, 255]),
        2: dict(id=2, link=("R_Eye", "Nose"), color=[0, 0, 255]),
        3: dict(id=3, link=("Nose", "Neck"), color=[0, 255, 0]),
        4: dict(id=4, link=("Neck", "Root of tail"), color=[0, 255, 0]),
        5: dict(id=5, link=("Neck", "L_Shoulder"), color=[0, 255, 255]),
        6: dict(id=6, link=("L_Shoulder", "L_Elbow"), color=[0, 255, 255]),
        7: dict(id=7, link=("L_Elbow", "L_F_Paw"), color=[0, 255, 255]),
        8: dict(id=8, link=("Neck", "R_Shoulder"), color=[6, 156, 250]),
        9: dict(id=9, link=("R_Shoulder", "R_Elbow"), color=[6, 156, 250]),
        10: dict(id=10, link=("R_Elbow", "R_F_Paw"), color=[6, 156, 250]),
        11: dict(id=11, link=("Root of tail", "L_Hip"), color=[0, 255, 255]),
        12: dict(id=12, link=("L_Hip", "L_Knee"), color=[0, 255, 255]),
        13: dict(id=13, link=("L_Knee", "L_B_Paw"), color=[0, 255, 255]),
        14: dict(id=14, link=("Root of tail", "R_Hip"), color=[6, 156, 250]),
        15: dict(id=15, link=("R_Hip", "R_Knee"), color=[6, 156, 250]),
        16: dict(id=16, link=("R_Knee", "R_B_Paw"), color=[6, 156, 250]),
    },
    joint_weights=[1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.2, 1.2, 1.5, 1.5, 1.0, 1.0, 1.2, 1.2, 1.5, 1.5],
    sigmas=[
        0.025, 0.025, 0.026, 0.035, 0.035, 0.079, 0.072, 0.062, 0.079, 0.072, 0.062, 0.107, 0.087, 0.089, 0.107,
        0.087, 0.089
    ],
)
