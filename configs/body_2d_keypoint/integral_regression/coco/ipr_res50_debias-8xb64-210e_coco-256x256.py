_base_ = "ipr_res50_8xb64-210e_coco-256x256.py"
heatmap_loss = "JSDiscretLoss"
model = dict(head=dict(debias=True, beta=10.0))
