_base_ = "../../../_base_/recipes/ipr.py"
dataset = "coco"
heatmap_loss = "JSDiscretLoss"
model = dict(head=dict(debias=True, beta=10.0))
