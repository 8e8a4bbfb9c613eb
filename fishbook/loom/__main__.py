"""The command `fishbook`; says what to install where its extra is missing."""

import importlib.util
import sys


def main() -> None:
    """Run the command line, or say what it needs."""
    if importlib.util.find_spec("click") is None:
        print(
            "fishbook: the command needs its extra: pip install 'fishbook[loom]'",
            file=sys.stderr,
        )
        raise SystemExit(1)
    from fishbook.loom.cli import main as run

    run()


if __name__ == "__main__":
    main()
