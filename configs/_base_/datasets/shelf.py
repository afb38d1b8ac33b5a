# fmt: off
# The keypoints are those of campus.py.
_base_ = "campus.py"
dataset_info = dict(
    dataset_name="shelf",
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
)
