"""The models that a server offers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from posekit.array import plain
from posekit.console import suggestion
from posekit.inference.sequence import PoseSequence
from posekit.serve.request_error import RequestError

if TYPE_CHECKING:
    from posekit.inference.predictor import Predictor
    from posekit.inference.results import PoseResult


@dataclass(frozen=True)
class ServedModel:
    """A model under a name.

    Attributes:
        name: name by which requests choose it.
        predictor: predictor that finds the poses.
        sha256: hash of its file; None where it has none.
    """

    name: str
    predictor: Predictor
    sha256: str | None = None

    def about(self) -> dict[str, Any]:
        """Return name, hash and keypoint set."""
        metainfo = self.predictor.metainfo
        names = metainfo["keypoint_id2name"]
        return {
            "name": self.name,
            "sha256": self.sha256,
            "dataset_name": metainfo.get("dataset_name", ""),
            "keypoint_names": [names[i] for i in range(len(names))],
            "skeleton_links": plain(metainfo.get("skeleton_links", [])),
        }

    def sequence(self, results: Sequence[PoseResult], fps: float | None = None) -> PoseSequence:
        """Return results with the model they come from."""
        return PoseSequence(results, self.predictor.metainfo, fps, self.name, self.sha256)


class ServedModels:
    """All models of a server; the first is the one of requests that name none.

    Raises:
        ValueError: if two have one name.
    """

    def __init__(self, models: Sequence[ServedModel]) -> None:
        self.by_name = {model.name: model for model in models}
        if len(self.by_name) < len(models):
            names = [model.name for model in models]
            raise ValueError(f"models {', '.join(names)}: two have one name; rename a file")

    def find(self, name: str | None) -> ServedModel:
        """Return a model by its name.

        Raises:
            RequestError: if there is none.
        """
        if name is None:
            return next(iter(self.by_name.values()))
        if name not in self.by_name:
            raise RequestError(
                404, f"model '{name[:100]}': {suggestion(name[:100], self.by_name, otherwise='there are')}"
            )
        return self.by_name[name]
