"""Maps between image, input and output space."""

from posekit.geometry.affine import Affine
from posekit.geometry.crop import crop_affine
from posekit.geometry.warp import warp_image

__all__ = ["Affine", "crop_affine", "warp_image"]
