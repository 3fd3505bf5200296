"""Commands and options of other tools, and what does the same here."""

import os
from collections.abc import Collection

# Words of a command, then what is meant by them: the first line whose command there is. `-` needs none.
COMMANDS: tuple[tuple[tuple[str, ...], tuple[tuple[str, str], ...]], ...] = (
    (
        ("run", "fit", "start", "learn", "exec", "launch"),
        (("train", "`rnnlab train CONFIG` trains the networks of a config"),),
    ),
    (
        ("predict", "forecast", "infer", "inference"),
        (("forecast", "`rnnlab forecast RUN` forecasts a run's series, or a CSV file"),),
    ),
    (
        ("eval", "evaluate", "evaluation", "test", "score", "backtest"),
        (("train", "`rnnlab train CONFIG` also measures the networks on held-out data, next to the baselines"),),
    ),
    (
        ("generate", "sample", "gen"),
        (
            ("sample", "`rnnlab sample RUN` generates from a trained network"),
            ("train", "no command generates yet; `rnnlab train CONFIG` trains and measures a model of a text"),
        ),
    ),
    (
        ("ls", "list", "runs", "history", "log", "logs", "status", "ps", "experiments"),
        (
            ("runs", "`rnnlab runs` lists the runs"),
        ),
    ),
    (
        ("show", "open", "view", "info", "summary", "describe", "analyze", "analyse", "probe", "lyapunov", "spectrum"),
        (
            ("show", "`rnnlab show RUN` shows a run"),
        ),
    ),
    (
        ("plot", "plots", "graph", "draw", "visualize", "visualise", "viz", "dashboard", "tensorboard", "report"),
        (
            ("plot", "`rnnlab plot RUN` draws the plots of a run again"),
            ("train", "`rnnlab train CONFIG` draws the plots too: they are in the run folder, under plots/"),
        ),
    ),
    (
        ("tune", "search", "grid", "optimize", "optimise", "hyperopt", "hparams", "sweep"),
        (
            ("sweep", "`rnnlab sweep CONFIG --over KEY=V,V` trains a grid of configs"),
            ("sweep-rho", "`rnnlab sweep-rho 0.9 0.99 1.2` sweeps the scale of the recurrent weights"),
        ),
    ),
    (
        ("new", "create", "init", "scaffold", "quickstart", "setup", "template", "bootstrap"),
        (("init", "`rnnlab init` writes the starter configs"),),
    ),
    (
        ("config", "configs", "keys", "key", "options", "params", "settings", "explain"),
        (("explain", "`rnnlab explain KEY` says what a key of a config means"),),
    ),
    (
        ("validate", "lint", "check", "dry-run", "dryrun", "estimate"),
        (("check", "`rnnlab check CONFIG` checks a config and says what it would train"),),
    ),
    (
        ("docs", "doc", "man", "manual", "guide", "tutorial", "book", "readme"),
        (("manual", "`rnnlab manual` shows the manual"),),
    ),
    (
        ("download", "get", "data", "prices", "quote", "quotes", "pull", "import", "add"),
        (("fetch", "`rnnlab fetch SYMBOL` gets prices, `rnnlab fetch --list` shows them"),),
    ),
    (
        ("resume", "continue", "restart", "retry", "repeat", "rerun"),
        (
            ("resume", "`rnnlab resume RUN` continues a run"),
            ("train", "`rnnlab train runs/RUN/config.yaml` repeats a run from the start"),
        ),
    ),
    (
        ("delete", "remove", "rm", "del", "clean", "prune", "trash"),
        (("rm", "`rnnlab rm RUN` removes a run"),),
    ),
    (("tag-run", "annotate", "label", "comment"), (("label", "`rnnlab label RUN LABEL` labels a run"),)),
    (("fsck", "repair", "doctor", "fix"), (("doctor", "`rnnlab doctor` looks for damage in all runs"),)),
    (
        ("diff", "versus", "vs"),
        (("compare", "`rnnlab compare RUN RUN` shows runs side by side, `rnnlab why RUN RUN` all that differs"),),
    ),
    (
        ("grad", "gradient", "check-gradients", "gradient-check", "grad-check"),
        (("gradcheck", "`rnnlab gradcheck CONFIG` proves the gradients of a config"),),
    ),
    (
        ("gradients", "vanishing", "exploding", "rho"),
        (("sweep-rho", "`rnnlab sweep-rho 0.9 0.99 1.2` shows gradients vanish and explode"),),
    ),
    (
        ("trace", "steps", "bptt", "unroll"),
        (("unroll", "`rnnlab unroll CONFIG` prints every number of a small network beside its formula"),),
    ),
    (
        ("export", "save", "checkpoint"),
        (("train", "`rnnlab train CONFIG` keeps the parameters in the run folder, under checkpoints/"),),
    ),
    (
        ("completion", "completions", "autocomplete"),
        (("-", "`rnnlab --install-completion` lets the shell complete with TAB"),),
    ),
    (("help", "version"), (("-", "`rnnlab --help` lists the commands; `rnnlab --version` shows the version"),)),
)  # fmt: skip

# Options, then what is meant: the first whose option (or, without dashes, argument) the command has. `-` needs none.
OPTIONS: tuple[tuple[tuple[str, ...], tuple[tuple[str, str], ...]], ...] = (
    (
        ("--seed", "--random-seed", "--random-state", "--manual-seed"),
        (("--seeds", "--set seeds=[{value:SEED}] trains the one model with that seed; --seeds N trains N"),),
    ),
    (
        ("--model", "--arch", "--architecture", "--network", "--rnn", "--rnn-type"),
        (("--cell", "--cell {value:NAME}"), ("--set", "--set model.cell={value:NAME} sets the key model.cell")),
    ),
    (
        ("--lstm", "--gru"),
        (("--cell", "--cell {name}"), ("--set", "--set model.cell={name} sets the key model.cell")),
    ),
    (
        ("--fp32", "--float32", "--fp64", "--float64", "--precision", "--fp16", "--half"),
        (("--set", "--set model.dtype=float32 computes in single precision; float64 is the default"),),
    ),
    (
        ("--data", "--dataset", "--data-path", "--input", "--csv", "--train-file"),
        (
            ("--from-file", "--from-file {value:CSV} imports a file"),
            ("--set", "--set data.path={value:FILE} sets the file of data of kind csv or text"),
        ),
    ),
    (
        ("--output", "-o", "--out", "--output-dir", "--out-dir", "--outdir", "--logdir", "--log-dir", "--save-dir",
         "--results-dir", "--dir", "-d"),
        (
            ("--runs-dir", "--runs-dir {value:DIR} says where run folders are"),
            ("--data-dir", "--data-dir {value:DIR} says where prices are kept"),
            ("--json", "--json gives one JSON document, which the shell puts into a file: > {value:FILE}"),
        ),
    ),
    (
        ("-v", "-vv", "--verbose", "--log-level", "--loglevel", "--trace", "--traceback"),
        (("-", "--debug shows the traceback of a failure; progress is shown unless --quiet is given"),),
    ),
    (("-q", "--silent", "-s"), (("--quiet", "--quiet prints one line, the run folder"),)),
    (
        ("--config", "-c", "--cfg", "--config-file", "--conf", "-f"),
        (
            ("--config", "--config {value:FILE}"),
            ("CONFIG", "the config needs no option: `rnnlab {command} {value:CONFIG}`"),
        ),
    ),
    (
        ("--dry-run", "--dryrun", "-n", "--check", "--validate"),
        (("check", "`rnnlab check CONFIG` says what would be trained"),),
    ),
    (
        ("--resume", "--continue", "--load", "--restore", "--from-checkpoint", "--ckpt", "--pretrained"),
        (
            ("resume", "`rnnlab resume {value:RUN}` continues a run"),
        ),
    ),
    (
        ("--save", "--save-model", "--export"),
        (("-", "every training keeps its parameters in the run folder, under checkpoints/"),),
    ),
    (
        ("--plot", "--plots", "--show", "--figure", "--tensorboard", "--wandb", "--mlflow"),
        (("-", "every run has its plots in the run folder, under plots/, and its figures in metrics.csv"),),
    ),
    (
        ("--gpu", "--gpus", "--cuda", "--device", "--cpu", "--tpu", "--mps", "--accelerator"),
        (("-", "rnnlab computes on the CPU: leave the option out"),),
    ),
    (
        ("--threads", "--num-threads", "--workers", "--num-workers", "--n-jobs", "-j", "--jobs"),
        (("-", "rnnlab uses every core that it may; `taskset -c 0,1 rnnlab ...` limits it to two"),),
    ),
    (
        ("--format", "--output-format", "--as-json"),
        (("--json", "--json makes standard output one JSON document"),),
    ),
    (
        ("--tag", "--run-name", "--exp-name", "--experiment", "--experiment-name", "--id", "--title"),
        (("--name", "--name {value:NAME} names the run"),),
    ),
    (("--since", "--from", "--begin", "--start-date"), (("--start", "--start {value:2015-01-01} is the first day"),)),
    (("--until", "--to", "--end-date"), (("--end", "--end {value:2024-12-31} is the last day"),)),
    (("--token", "--key", "--apikey"), (("--api-key", "--api-key {value:KEY}, or the source's environment variable"),)),
    (("--provider", "--exchange"), (("--source", "--source {value:NAME}"),)),
    (
        ("--period", "--interval", "--frequency", "--freq"),
        (("--start", "prices are daily; --start and --end choose the days"),),
    ),
    (("--ticker", "--tickers", "--symbol", "--symbols"),
     (("SYMBOL", "a symbol needs no option: `rnnlab {command} {value:AAPL}`"),)),
    (("-V", "--version", "-version"), (("-", "`rnnlab --version` shows the version"),)),
    (("-?", "-help", "--usage"), (("-", "`rnnlab {command} --help` shows how it is used"),)),
)  # fmt: skip


def command(word: str, following: str, known: Collection[str]) -> str | None:
    """What to type where a word is no command: a config or a run by itself, or what another tool calls it.

    Parameters
    ----------
    word : str
    following : str
        The word after it; "" where there is none.
    known : collection of str
        The commands that there are.
    """
    if word.endswith((".yaml", ".yml")):
        return f"`rnnlab train {word}` trains the networks of a config"
    if os.path.isfile(os.path.join(word, "run.json")):  # False for what is no path at all
        return f"`rnnlab show {word}` shows a run"
    lines = next((lines for words, lines in COMMANDS if word.lower() in words), ())
    line = next((line for needed, line in lines if needed in known or needed == "-"), None)
    return line and _for_this(line, following)


def _for_this(line: str, following: str) -> str:
    """The line with what was typed in the place of CONFIG, RUN or SYMBOL, where it is one."""
    place = "CONFIG" if following.endswith((".yaml", ".yml")) else "SYMBOL" if "SYMBOL" in line else "RUN"
    named = following and not following.startswith("-") and line.count(f" {place}`") == 1
    return line.replace(f" {place}`", f" {following}`") if named and f"{place} {place}" not in line else line


def option(name: str, value: str, used_in: str, known: Collection[str]) -> str | None:
    """What to type for an option of another tool.

    Parameters
    ----------
    name : str
        With its dashes.
    value : str
        What was given for it; "" for nothing.
    used_in : str
        The command.
    known : collection of str
        The options and arguments of that command, and all commands.
    """
    lines = next((lines for names, lines in OPTIONS if name in names), ())
    line = next((line for needed, line in lines if needed in known or needed == "-"), None)
    return line and _filled(line, name, value, used_in)


def _filled(line: str, name: str, value: str, used_in: str) -> str:
    """`{value:N}` becomes the value, or N where none was given."""
    before, _, rest = line.replace("{name}", name.lstrip("-")).replace("{command}", used_in).partition("{value:")
    if not rest:
        return before
    instead, _, after = rest.partition("}")
    return f"{before}{value or instead}{after}"
