"""posekit: 2D and 3D keypoint (pose) estimation."""

__version__ = "0.1.0"
