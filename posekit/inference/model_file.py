"""Model files: what each one is, by its own metadata or by its inputs and outputs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any, TypeAlias

from posekit.inference.detection import Detector, DetectorRecipe
from posekit.inference.lifter_recipe import LifterRecipe
from posekit.inference.lifting import LiftingPredictor
from posekit.inference.networks.exported import ExportedNetwork
from posekit.inference.networks.graph import Graph, check_input, open_graph
from posekit.inference.networks.lifter import LifterNetwork
from posekit.inference.networks.one_stage import OneStageNetwork
from posekit.inference.recipe import (
    DETECTOR_KEY,
    LIFTER_KEY,
    METADATA_KEY,
    ONE_STAGE_KEY,
    OneStageRecipe,
    Pixels,
    Recipe,
)
from posekit.inference.recognition import pixels_of, recognised

ModelNetwork: TypeAlias = ExportedNetwork | OneStageNetwork | LifterNetwork | Detector
ImageRecipe: TypeAlias = Recipe | OneStageRecipe | DetectorRecipe
AnyRecipe: TypeAlias = ImageRecipe | LifterRecipe

READERS: dict[str, Callable[..., AnyRecipe]] = {
    METADATA_KEY: Recipe.from_json,
    ONE_STAGE_KEY: OneStageRecipe.from_json,
    DETECTOR_KEY: DetectorRecipe.from_json,
    LIFTER_KEY: LifterRecipe.from_json,
}
"""What reads the metadata of each name."""


def open_lifter(path: str | Path, **options: Any) -> LiftingPredictor:
    """Open the file of a lifter; for the options and errors see ``open_network``."""
    network = open_network(path, **options)
    if not isinstance(network, LifterNetwork):
        raise ValueError(f"{path}: is no lifter, but a model of images; give an exported lifter, or its config")
    recipe = network.recipe
    return LiftingPredictor(network.prepare, network, metainfo=recipe.metainfo(), windows=recipe)


def open_network(
    path: str | Path,
    *,
    threads: int | None = None,
    providers: Sequence[Any] | None = None,
    preprocess: str | Pixels | None = None,
) -> ModelNetwork:
    """Open a model file of poses, of boxes or of joints in space, posekit's or another's.

    Args:
        path: ONNX file, or the .xml of OpenVINO's files.
        threads: number of threads; all by default.
        providers: ONNX Runtime's providers in order of preference, see ``posekit.inference.networks.graph.open_graph``.
        preprocess: what the network wants of its input: a family's name, such as ``rtmpose`` or ``yolox``, or its
            pixels; by default as the file's metadata says, or as its outputs and name tell.

    Raises:
        FileNotFoundError: if there is no such file.
        ValueError: if the file cannot be used: the message names it and says why.
    """
    return network_of(open_graph(path, threads=threads, providers=providers), preprocess)


def network_of(graph: Graph, preprocess: str | Pixels | None = None) -> ModelNetwork:
    """Return what an opened file is.

    Raises:
        ValueError: if it cannot be used: the message names it and says why.
    """
    recipe = recipe_of_file(graph, preprocess)
    if isinstance(recipe, LifterRecipe):
        return LifterNetwork(graph, recipe)
    if isinstance(recipe, DetectorRecipe):
        return Detector(graph, recipe)
    return OneStageNetwork(graph, recipe) if isinstance(recipe, OneStageRecipe) else ExportedNetwork(graph, recipe)


def recipe_of_file(graph: Graph, preprocess: str | Pixels | None) -> AnyRecipe:
    """Return what is known of a file: what it says itself, else what its inputs, outputs and name tell.

    Raises:
        ValueError: if the metadata is wrong, or nothing tells what the file is.
    """
    if LIFTER_KEY not in graph.metadata:
        check_input(graph)
    for key, read in READERS.items():
        if key in graph.metadata:
            recipe = read(graph.metadata[key], source=graph.source)
            if preprocess is None or isinstance(recipe, LifterRecipe):
                return recipe
            return replace(recipe, **asdict(pixels_of(preprocess)))
    return recognised(graph, preprocess)
