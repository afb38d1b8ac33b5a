"""One of several ways to go on."""

from __future__ import annotations

from collections.abc import Sequence

from posekit.datasets.transforms.base import BaseTransform, random_generator
from posekit.datasets.transforms.pipeline import Pipeline
from posekit.datasets.transforms.results import DERIVED, FROM_DATASET, Results
from posekit.registry import TRANSFORMS


@TRANSFORMS.register_module()
class RandomChoice(BaseTransform):
    """Run one of several lists of transforms, drawn anew for each sample.

    Args:
        transforms: the choices, each a list of transforms or a single one.
        prob: probability of each choice; None for equal ones.

    Raises:
        ValueError: for no choices, or probabilities that do not suit them.
    """

    def __init__(
        self, transforms: Sequence[BaseTransform | Sequence[BaseTransform]], prob: Sequence[float] | None = None
    ) -> None:
        lists = [list(choice) if isinstance(choice, (list, tuple)) else [choice] for choice in transforms]
        if not lists or (prob is not None and (len(prob) != len(lists) or abs(sum(prob) - 1) > 1e-6)):
            raise ValueError(
                f"RandomChoice: {len(lists)} choices with prob={prob}; give at least one choice, "
                "and probabilities that add up to 1, one for each, or None"
            )
        self.choices = [Pipeline(choice, FROM_DATASET | DERIVED) for choice in lists]
        self.prob = prob
        provided = [{key for step in choice for key in getattr(step, "provides", ())} for choice in self.choices]
        self.provides = tuple(sorted(set.intersection(*provided)))  # pyright: ignore[reportAttributeAccessIssue]

    def transform(self, results: Results) -> Results | None:
        index = random_generator(results).choice(len(self.choices), p=self.prob)
        return self.choices[int(index)](results)
