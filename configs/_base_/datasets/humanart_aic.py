# Human-Art keypoints and the two of AIC that it lacks. Corrected: 18 weights were published for these 19 points;
# head top and neck weigh 1 here, as in AIC.
# Corrected: 1 published link id disagreed with the position of the link.
# fmt: off
# The keypoints are those of coco_aic.py.
_base_ = "coco_aic.py"
dataset_info = dict(
    dataset_name="humanart",
    paper_info=[
        dict(
            author="Ju, Xuan and Zeng, Ailing and Wang, Jianan and Xu, Qiang and Zhang, Lei",
            title="Human-Art: A Versatile Human-Centric Dataset Bridging Natural and Artificial Scenes",
            container="CVPR",
            year="2023",
            homepage="https://idea-research.github.io/HumanArt/",
        ),
        dict(
            author=(
                "Wu, Jiahong and Zheng, He and Zhao, Bo and Li, Yixin and Yan, Baoming and Liang, Rui and Wang, "
                "Wenjia and Zhou, Shipei and Lin, Guosen and Fu, Yanwei and others"
            ),
            title="Ai challenger: A large-scale dataset for going deeper in image understanding",
            container="arXiv",
            year="2017",
            homepage="https://github.com/AIChallenger/AI_Challenger_2017",
        ),
    ],
)
