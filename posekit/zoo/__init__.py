"""What there is to start from: the configs that posekit brings, and what their models reach."""
