"""What there is to start from: the configs that posekit brings, and released models by name.

``find("rtmpose-m")`` tells all about a model; ``weights_file`` brings its weights.
"""

from posekit.zoo.model_index import ModelEntry, find, model_entries
from posekit.zoo.weights import weights_file

__all__ = ["ModelEntry", "find", "model_entries", "weights_file"]
