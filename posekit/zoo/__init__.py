"""What there is to start from: the configs that posekit brings, and released models by name.

``find("rtmpose-m")`` tells all about a model, and ``weights_file`` brings its weights. ``files_of`` leads from
any name of a model to its config and weights.
"""

from posekit.zoo.model_files import ModelFiles, files_of
from posekit.zoo.model_index import ModelEntry, find, model_entries
from posekit.zoo.weights import weights_file

__all__ = ["ModelEntry", "ModelFiles", "files_of", "find", "model_entries", "weights_file"]
