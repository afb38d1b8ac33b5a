"""Poses of very many images, on one machine or on many, through Ray Data."""
