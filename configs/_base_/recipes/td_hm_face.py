# Heatmaps for faces: squares of 256 pixels, 60 epochs.
input_size: tuple = (256, 256)
lr: float = 2e-3
max_epochs: int = 60
milestones: list = [40, 55]
val_interval: int = 1
_base_ = "td_hm.py"
