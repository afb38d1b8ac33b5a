# Convolutional pose machines: six stages, each of which refines the maps of the one before.
num_keypoints: int
channels = num_keypoints
head_type = "CPMHead"
heatmap_head = dict(deconv_out_channels=None, final_layer=None, num_stages=6)
model = dict(
    backbone=dict(type="CPM", in_channels=3, out_channels=num_keypoints, feat_channels=128, num_stages=6),
)
