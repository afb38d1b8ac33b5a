"""InterHand2.6M: images of two hands."""

from __future__ import annotations

from typing import Any, ClassVar

from posekit.datasets.base_coco import BaseCocoStyleDataset
from posekit.datasets.readers.interhand import InterHand2DReader, InterHandReader
from posekit.registry import DATASETS


@DATASETS.register_module()
class InterHand3DDataset(BaseCocoStyleDataset):
    """InterHand2.6M in 3D: 42 keypoints (Moon et al., ECCV 2020).

    Keypoints are (x, y) in pixels and the depth relative to the hand's wrist, in millimetres.

    Args:
        camera_param_file: JSON of each capture's cameras.
        joint_file: JSON of the joints in world coordinates.
        use_gt_root_depth: take boxes and depths from the annotations.
        rootnet_result_file: JSON of predicted boxes and root depths, for ``use_gt_root_depth=False``.
        options: arguments of ``BaseCocoStyleDataset``.
    """

    METAINFO = dict(from_file="configs/_base_/datasets/interhand3d.py")
    READER: ClassVar[type[InterHandReader]] = InterHandReader
    PROVIDES = ("keypoints_cam", "hand_type_valid", "rel_root_valid", "abs_depth", "focal", "principal_pt", "rotation")

    def __init__(
        self,
        ann_file: str = "",
        camera_param_file: str = "",
        joint_file: str = "",
        use_gt_root_depth: bool = True,
        rootnet_result_file: str | None = None,
        **options: Any,
    ) -> None:
        if not use_gt_root_depth and not rootnet_result_file:
            raise ValueError(f"{type(self).__name__}.rootnet_result_file: needed where use_gt_root_depth is False")
        self.camera_param_file = camera_param_file
        self.joint_file = joint_file
        self.rootnet_result_file = None if use_gt_root_depth else rootnet_result_file
        super().__init__(ann_file, **options)

    def make_reader(self) -> InterHandReader:
        roots = self.rootnet_result_file
        return self.coco_reader(
            self.READER,
            camera_file=self.join_root(self.camera_param_file),
            joint_file=self.join_root(self.joint_file),
            dataset_name=self._metainfo["dataset_name"],
            root_file=self.join_root(roots) if roots else None,
        )


@DATASETS.register_module()
class InterHand2DDoubleDataset(InterHand3DDataset):
    """InterHand2.6M in 2D, both hands as one instance: 42 keypoints (Moon et al., ECCV 2020)."""

    READER = InterHand2DReader
