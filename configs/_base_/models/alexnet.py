channels = 256
model = dict(backbone=dict(type="AlexNet", num_classes=-1))
