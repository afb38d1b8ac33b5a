"""Short names of released models, as MMPose's inferencers take them."""

from __future__ import annotations

from posekit.zoo.model_index import model_entries


def get_model_aliases(scope: str = "mmpose") -> dict[str, str]:
    """Return the names of the released models of poses by their aliases.

    Args:
        scope: accepted for the sake of callers.

    >>> get_model_aliases()["human"]
    'rtmpose-m_8xb256-420e_body8-256x192'
    """
    return {alias: entry.name for entry in model_entries() if entry.kind == "pose" for alias in entry.aliases}
