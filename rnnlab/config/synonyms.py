"""Words that other tools, and our own before, use for a key of ours."""

from rnnlab.config.old_names import NEW

SYNONYMS = {
    "lr": "learning_rate", "eta": "learning_rate", "alpha": "learning_rate", "num_layers": "layers",
    "n_layers": "layers", "units": "hidden_size", "hidden": "hidden_size", "n_hidden": "hidden_size",
    "hidden_dim": "hidden_size", "tau": "threshold", "max_norm": "threshold", "clip_norm": "clip",
    "grad_clip": "clip", "gradient_clipping": "clip", "window": "lookback", "sequence_length": "lookback",
    "seq_len": "lookback", "lag": "lookback", "ticker": "symbol", "nonlinearity": "activation",
    "type": "kind",
    "train_split": "train_fraction", "normalization": "scaler", "scaling": "scaler", "seed": "seeds",
    "iterations": "updates", "steps": "updates", "max_epochs": "epochs", "file": "path", "tbptt": "tbptt_steps",
    "criterion": "loss", "warmup_steps": "warmup", "gamma": "factor", "rnn_type": "cell", "bptt": "tbptt_steps",
    "epoch": "epochs", "num_epochs": "epochs", "n_epochs": "epochs", "num_train_epochs": "epochs",
    "step_size": "learning_rate", "batch": "batch_size", "bs": "batch_size", "batchsize": "batch_size",
    "num_hidden": "hidden_size", "hidden_units": "hidden_size", "rnn_size": "hidden_size", "width": "hidden_size",
    "depth": "layers", "opt": "optimizer", "optim": "optimizer", "max_steps": "updates", "num_steps": "updates",
    "max_iter": "updates", "n_iter": "updates",
    **{old[-1]: new[0] for old, new in NEW.items()},
}  # fmt: skip
