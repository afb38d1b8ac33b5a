"""posekit: 2D and 3D keypoint (pose) estimation."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from posekit.apis.pose import Pose as Pose
    from posekit.inference.results import PoseResult as PoseResult

__version__ = "0.1.0"

__all__ = ["Pose", "PoseResult", "__version__"]


def __getattr__(name: str) -> Any:
    """Load ``Pose`` and ``PoseResult`` when somebody first asks for them; importing posekit stays quick."""
    if name == "Pose":
        from posekit.apis.pose import Pose

        return Pose
    if name == "PoseResult":
        from posekit.inference.results import PoseResult

        return PoseResult
    raise AttributeError(f"module 'posekit' has no attribute {name!r}")
