# fmt: off
# The keypoints are those of coco_wholebody.py.
_base_ = "coco_wholebody.py"
dataset_info = dict(
    dataset_name="ubody2d",
    paper_info=dict(
        author="Jing Lin, Ailing Zeng, Haoqian Wang, Lei Zhang, Yu Li",
        title="One-Stage 3D Whole-Body Mesh Recovery with Component AwareTransformer",
        container="IEEE Computer Society Conference on Computer Vision and Pattern Recognition (CVPR)",
        year="2023",
        homepage="https://github.com/IDEA-Research/OSX",
    ),
)
