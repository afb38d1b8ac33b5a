from __future__ import annotations

import numpy as np
import pytest

from posekit.inference.bottom_up import BottomUpPredictor
from posekit.inference.networks.base import Batch
from posekit.inference.predictor import Predictor
from posekit.structures import InstanceData, PoseDataSample

SET = dict(keypoint_id2name={0: "corner"}, num_keypoints=1)
IMAGES = [np.full((4, 6 + number, 3), number, np.uint8) for number in range(5)]


class Noting:
    """Answers with the number that an input holds, and notes the sizes of the batches."""

    def __init__(self):
        self.batches = []

    def run(self, batch: Batch):
        self.batches.append(len(batch.inputs))
        for value, sample in zip(batch.inputs, batch.samples, strict=True):
            sample.pred_instances = InstanceData(
                keypoints=np.full((1, 1, 2), value[0]), keypoint_scores=np.ones((1, 1)), bboxes=np.zeros((1, 4))
            )
        return batch.samples


def one_of_each(image, boxes):
    for box in [0] if boxes is None else boxes:
        yield np.array([10 * image[0, 0, 0] + box]), PoseDataSample()


def predictor(**options) -> Predictor:
    return Predictor(one_of_each, Noting(), metainfo=SET, **{"batch_size": 4, **options})


def test_people_of_several_images_share_batches_and_come_back_to_theirs():
    own = predictor()
    results = own.predict(IMAGES, [[1, 2, 3], [], [4], None, [5, 6, 7, 8, 9]])
    assert own.network.batches == [4, 4, 2]
    assert [result.keypoints[:, 0, 0].tolist() for result in results] == [
        [1, 2, 3], [], [24], [30], [45, 46, 47, 48, 49],
    ]  # fmt: skip
    assert [result.image_size_wh for result in results] == [(6, 4), (7, 4), (8, 4), (9, 4), (10, 4)]
    assert results[1].keypoints.shape == (0, 1, 2)


def test_results_come_as_soon_as_a_batch_is_through():
    taken = []
    images = ((taken.append(number) or image, None) for number, image in enumerate(IMAGES))
    first = next(predictor(batch_size=2).stream(images))
    assert (first.keypoints[0, 0, 0], taken) == (0, [0, 1])


def test_inputs_of_other_shapes_do_not_share_a_batch():
    def growing(image, boxes):
        yield np.zeros(1 + image[0, 0, 0] // 2), PoseDataSample()

    own = Predictor(growing, Noting(), metainfo=SET, batch_size=4)
    assert len(own.predict(IMAGES)) == 5
    assert own.network.batches == [2, 2, 1]


def test_boxes_are_for_each_image():
    with pytest.raises(ValueError, match="boxes: 1 lists for 5 images; give one for each"):
        predictor().predict(IMAGES, [[1]])


def test_bottom_up_models_take_no_boxes():
    own = BottomUpPredictor(one_of_each, Noting(), metainfo=SET)
    assert len(own.predict(IMAGES[:1])[0]) == 1
    with pytest.raises(ValueError, match="a bottom-up model, which finds everybody in the whole image by itself"):
        own.predict(IMAGES[:1], [[[0, 0, 2, 2]]])
