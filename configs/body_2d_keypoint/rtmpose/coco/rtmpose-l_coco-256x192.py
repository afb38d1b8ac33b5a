_base_ = "rtmpose-m_coco-256x192.py"
model = dict(backbone=dict(deepen_factor=1.0, widen_factor=1.0), head=dict(in_channels=1024))
