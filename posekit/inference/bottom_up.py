"""All instances of an image at once."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from posekit.inference.images import Boxes
from posekit.inference.networks.base import Network
from posekit.inference.predictor import Predictor, Prepare, Prepared

BATCH_SIZE = 4


class BottomUpPredictor(Predictor):
    """Finds every instance in each image; there is nothing to say by boxes.

    Args:
        prepare: function that makes the one input of an image.
        network: network that finds the instances.
        options: ``metainfo``, and optionally ``batch_size`` and ``read``, as for Predictor.
    """

    def __init__(self, prepare: Prepare, network: Network, **options: Any) -> None:
        self.prepare_image = prepare
        super().__init__(self.whole, network, **{"batch_size": BATCH_SIZE, **options})

    def whole(self, image: np.ndarray, boxes: Boxes | None) -> Iterator[Prepared]:
        """Yield the input of an image.

        Raises:
            ValueError: if there are boxes.
        """
        if boxes is not None:
            raise ValueError(
                "boxes: this is a bottom-up model, which finds everybody in the whole image by itself; "
                "leave the boxes out, or take a top-down model"
            )
        yield from self.prepare_image(image, None)
