# One hourglass of 52 layers.
channels = 256
head_type = "CPMHead"
heatmap_head = dict(deconv_out_channels=None, num_stages=1)
model = dict(backbone=dict(type="HourglassNet", num_stacks=1))
