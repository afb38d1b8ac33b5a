"""What a call of an inferencer may ask for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from posekit.console import suggestion

STYLES = ("mmpose", "openpose")


@dataclass(frozen=True)
class CallOptions:
    """Options of a call; those of 3D alone say nothing to the others, and the other way round.

    Attributes:
        bboxes: boxes (N, 4) of each image, xyxy in pixels; without them a detector finds the boxes.
        bbox_thr: lowest score of a box; of a bottom-up model, of an instance.
        nms_thr: largest overlap (IoU) of two boxes, or of two instances of a bottom-up model.
        pose_based_nms: whether poses that share a third of their keypoints with a better one are left out.
        merge_results: whether the people of an image are one data sample; else each is one.
        use_oks_tracking: accepted for the sake of callers; the similarity of tracks is the mean of OKS and IoU.
        tracking_thr: least similarity at which a pose continues a track.
        disable_norm_pose_2d: whether 2D poses go to the lifter as they are; else each is brought to the place and
            size that people had in training, where the lifter's keypoint set tells these.
        disable_rebase_keypoint: whether 3D poses stay where they are; else their lowest keypoint is at height 0.
        return_datasamples: whether predictions are data samples, else lists of dictionaries.
        return_vis: whether drawings are returned: (H, W, 3) uint8, R, G, B.
        show: whether drawings are shown in a window.
        wait_time: seconds that a drawing stays in the window; 0 waits for a key. Videos do not wait.
        draw_bbox: whether boxes are drawn.
        draw_heatmap: whether the predicted heatmaps are drawn below the poses.
        black_background: whether poses are drawn on black.
        skeleton_style: ``mmpose`` for the keypoint set's own skeleton, ``openpose`` for OpenPose's.
        radius: radius of the keypoints in pixels.
        thickness: thickness of the links in pixels.
        kpt_thr: keypoints with a lower score are not drawn.
        num_instances: number of 3D poses that are drawn; -1 for all.
        vis_out_dir: folder for drawings, or a file's name for a single one; empty for none.
        pred_out_dir: folder for predictions as JSON; empty for none.
    """

    bboxes: Sequence[Any] | None = None
    bbox_thr: float = 0.3
    nms_thr: float = 0.3
    pose_based_nms: bool = False
    merge_results: bool = True
    use_oks_tracking: bool = False
    tracking_thr: float = 0.3
    disable_norm_pose_2d: bool = False
    disable_rebase_keypoint: bool = False
    return_datasamples: bool = False
    return_vis: bool = False
    show: bool = False
    wait_time: float = 0.0
    draw_bbox: bool = False
    draw_heatmap: bool = False
    black_background: bool = False
    skeleton_style: str = "mmpose"
    radius: float = 3
    thickness: float = 1
    kpt_thr: float = 0.3
    num_instances: int = 1
    vis_out_dir: str = ""
    pred_out_dir: str = ""

    @classmethod
    def of_call(cls, who: str, arguments: Mapping[str, Any], out_dir: str | None) -> CallOptions:
        """Return the options of a call.

        Args:
            who: name of the inferencer, for messages.
            arguments: the call's keyword arguments.
            out_dir: folder whose ``visualizations`` and ``predictions`` are written where no other folders are given.

        Raises:
            ValueError: if an option is unknown, or a style is.
        """
        values: dict[str, Any] = dict(arguments)
        if "return_datasample" in values:  # its former name
            values.setdefault("return_datasamples", values.pop("return_datasample"))
        known = [field.name for field in fields(cls)]
        for name in values:
            if name not in known:
                raise ValueError(f"{who}: no option {name}=; {suggestion(name, known, otherwise='there are')}")
        if out_dir is not None:
            values.setdefault("vis_out_dir", str(Path(out_dir) / "visualizations"))
            values.setdefault("pred_out_dir", str(Path(out_dir) / "predictions"))
        for name in ("vis_out_dir", "pred_out_dir"):
            values[name] = str(values.get(name) or "")
        options = cls(**values)
        if options.skeleton_style not in STYLES:
            raise ValueError(f"{who}: skeleton_style={options.skeleton_style!r}; use {' or '.join(STYLES)}")
        return options

    @property
    def draws(self) -> bool:
        """Whether anything is drawn."""
        return self.return_vis or self.show or bool(self.vis_out_dir)
