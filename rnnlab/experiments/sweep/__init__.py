"""`rnnlab sweep-rho`: a model for every scale of the recurrent weights and seed, trained and measured side by side."""
