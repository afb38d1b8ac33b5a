"""The HTTP API and the page of ``posekit serve``."""
