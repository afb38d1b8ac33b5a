"""Drawing: skeletons, boxes, heatmaps, pages."""

from posekit.lazy_exports import lazy_exports

__all__, __getattr__ = lazy_exports(__name__, {"visualization.draw": "PoseStyle draw_box draw_heatmaps draw_pose"})
