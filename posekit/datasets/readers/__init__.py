"""Readers of annotation files: a dataset holds one, which knows the format."""
