# fmt: off
# The keypoints are those of freihand2d.py.
_base_ = "freihand2d.py"
dataset_info = dict(
    dataset_name="onehand10k",
    paper_info=dict(
        author="Wang, Yangang and Peng, Cong and Liu, Yebin",
        title="Mask-pose cascaded cnn for 2d hand pose estimation from single color image",
        container="IEEE Transactions on Circuits and Systems for Video Technology",
        year="2018",
        homepage="https://www.yangangwang.com/papers/WANG-MCC-2018-10.html",
    ),
)
