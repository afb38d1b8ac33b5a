from __future__ import annotations

import numpy as np
import pytest

from posekit.reports.gallery import blank, gallery


def test_cells_keep_proportions_and_order():
    red, blue = blank((100, 50), (0, 0, 255)), blank((20, 40), (255, 0, 0))
    sheet = gallery([red, blue, red], columns=2, cell_wh=(40, 40), gap=4)
    assert sheet.shape == (2 * 44 + 4, 2 * 44 + 4, 3)
    assert (sheet == (0, 0, 255)).all(2).sum() == 2 * 40 * 20
    assert (sheet == (255, 0, 0)).all(2).sum() == 20 * 40
    assert sheet[24, 24].tolist() == [0, 0, 255]


def test_captions_are_written():
    plain = gallery([blank((60, 60))])
    assert (gallery([blank((60, 60))], captions=["one"]) != plain).any()


@pytest.mark.parametrize(
    ("images", "settings"), [([], {}), ([blank((4, 4))], dict(columns=0)), ([blank((4, 4))], dict(captions=["a", "b"]))]
)
def test_wrong_calls(images, settings):
    with pytest.raises(ValueError, match="gallery: "):
        gallery(images, **settings)


def test_blank():
    assert blank((3, 2), (1, 2, 3)).tolist() == np.full((2, 3, 3), (1, 2, 3)).tolist()
