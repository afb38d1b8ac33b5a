"""Top-down models in files: outputs are arrays, and the recipe says how to decode them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from posekit.codecs.base import BaseCodec, decode_instances
from posekit.codecs.camera_space import to_camera
from posekit.codecs.heatmap_codec import HeatmapCodec
from posekit.codecs.simcc_label import SimCCLabel
from posekit.console import first_line
from posekit.geometry import Affine
from posekit.inference.networks.base import Batch, planes
from posekit.inference.networks.graph import Graph, check_input_size, run_in_batches, trial_outputs
from posekit.inference.recipe import Recipe
from posekit.registry import CODECS
from posekit.structures import InstanceData, PoseDataSample


class ExportedNetwork:
    """A model file that finds the keypoints in crops.

    Args:
        graph: computes outputs from crops (B, 3, h, w).
        recipe: what is known of the file.

    Raises:
        ValueError: if posekit has no such codec, it does not take these settings, or file and recipe do not fit
            together.
    """

    def __init__(self, graph: Graph, recipe: Recipe) -> None:
        self.graph = graph
        self.recipe = recipe
        self.codec = build_codec(recipe.codec, graph.source)
        check_input_size(graph, recipe.input_size)
        self.check_outputs(as_outputs(trial_outputs(graph, (3, *recipe.input_size[::-1]))))

    @classmethod
    def open(cls, path: str | Path, **options: Any) -> ExportedNetwork:
        """Open a file; for the options and errors see ``posekit.inference.model_file.open_network``."""
        from posekit.inference.model_file import open_network

        network = open_network(path, **options)
        if not isinstance(network, cls):
            raise ValueError(f"{path}: is no top-down model of poses, which looks into boxes")
        return network

    def compute(self, crops: np.ndarray) -> Any:
        """Return the outputs, one array (B, ...) or a tuple of them, for crops (B, 3, h, w) as the file wants them."""
        return as_outputs(run_in_batches(self.graph, crops))

    def check_outputs(self, outputs: Any) -> None:
        """Raise ValueError unless outputs for one crop are what codec and keypoints want."""
        source, recipe = self.graph.source, self.recipe
        shapes = [list(output.shape[1:]) for output in (outputs if isinstance(outputs, tuple) else (outputs,))]
        for wanted, shape in zip(expected_sizes(self.codec), shapes, strict=False):
            if shape[-len(wanted) :] != wanted:
                raise ValueError(
                    f"{source}: its codec {recipe.codec.get('type')} expects outputs that end in {wanted}, but the "
                    f"file has {shape}; export it again"
                )
        try:
            with np.errstate(all="ignore"):
                (instance,) = self.decode(outputs)
                if recipe.flip_test:
                    self.codec.flip(outputs, list(recipe.flip_indices), **recipe.flip_options)
        except Exception as error:  # settings that a file may hold break codecs in any way
            raise ValueError(
                f"{source}: its codec {recipe.codec} cannot decode outputs of {shapes} ({type(error).__name__}: "
                f"{first_line(error)}); export it again"
            ) from error
        if instance.keypoints.shape[1] != len(recipe.names):
            raise ValueError(
                f"{source}: names {len(recipe.names)} keypoints but has outputs of {instance.keypoints.shape[1]}; "
                "export it again"
            )

    def run(self, batch: Batch) -> list[PoseDataSample]:
        """Return the samples with ``keypoints`` (1, K, D), ``keypoint_scores`` (1, K) and perhaps visibility.

        Keypoints with a depth are in metres in the camera's space; ``transformed_keypoints`` are their places in the
        image then.
        """
        flip_test = self.recipe.flip_test if batch.flip_test is None else batch.flip_test
        instances = self.decode(self.outputs(self.inputs(batch), flip_test))
        maps = [sample.get("affine") for sample in batch.samples]
        back = Affine(np.stack([instance.matrix for instance in maps]), maps[0].source, maps[0].target).inverse()
        found = np.stack([instance.keypoints for instance in instances])  # (B, 1, K, D)
        places = back.points(found[..., :2])
        for sample, instance, pixels, depth in zip(batch.samples, instances, places, found[..., 2:], strict=True):
            instance.keypoints = pixels
            if depth.size:  # the model tells it relative to the root
                instance.transformed_keypoints = pixels
                instance.keypoints = to_camera(pixels, depth[..., 0], sample)
            sample.pred_instances = self.kept(instance)
            for name in ("bboxes", "bbox_scores"):  # those the crop was cut from
                setattr(sample.pred_instances, name, sample.gt_instances[name])
        return batch.samples

    def inputs(self, batch: Batch) -> np.ndarray:
        """Return a batch's crops (B, 3, h, w) as the file wants them."""
        return planes(batch.inputs, np.float32, self.recipe)

    def outputs(self, crops: np.ndarray, flip_test: bool) -> Any:
        """Return the outputs for crops (B, 3, h, w), with ``flip_test`` averaged with those of mirrored crops."""
        outputs = self.compute(crops)
        if not flip_test:
            return outputs
        mirrored = self.compute(np.ascontiguousarray(crops[..., ::-1]))
        mirrored = self.codec.flip(mirrored, list(self.recipe.flip_indices), **self.recipe.flip_options)
        return mean_of(outputs, mirrored)

    def decode(self, outputs: Any) -> list[InstanceData]:
        """Find the keypoints (1, K, D) of each sample, in input space."""
        return decode_instances(self.codec, outputs)

    def kept(self, instances: InstanceData) -> InstanceData:
        """Leave out the keypoints that the recipe does not keep."""
        index = list(self.recipe.kept_keypoints)
        return instances.map(lambda column: column[:, index]) if index else instances


def build_codec(config: dict[str, Any], source: str) -> BaseCodec:
    """Build the decoder that a model file names.

    Raises:
        ValueError: if posekit has no such codec or it does not take these settings.
    """
    try:
        return CODECS.build(config)
    except Exception as error:  # settings that a file may hold break constructors in any way
        raise ValueError(f"{source}: its codec {config} cannot be built: {error}") from error


def expected_sizes(codec: Any) -> list[list[int]]:
    """Return what the shapes of a codec's outputs end in, as far as its settings tell."""
    if isinstance(codec, HeatmapCodec):
        return [[codec.heatmap_size[1], codec.heatmap_size[0]]]
    return [[count] for count in codec.num_bins] if isinstance(codec, SimCCLabel) else []


def as_outputs(outputs: list[np.ndarray]) -> Any:
    """Return outputs as decoders take them: a single array, or a tuple."""
    return outputs[0] if len(outputs) == 1 else tuple(outputs)


def mean_of(first: Any, second: Any) -> Any:
    """Average arrays, or tuples of them."""
    if isinstance(first, tuple):
        return tuple(mean_of(a, b) for a, b in zip(first, second, strict=True))
    return (first + second) / 2
