"""The command line: parse, call one experiment, print."""


def main() -> None:
    """Run `rnnlab` with the arguments of this process and exit with its code."""
    import sys

    from rnnlab.cli.app import run

    sys.exit(run(sys.argv[1:]))
