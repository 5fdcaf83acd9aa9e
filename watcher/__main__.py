"""Starts the command line; light, because every reading process begins by importing what started it."""


def main() -> None:
    """Run the command line; never returns."""
    from watcher.cli import main as command_line

    command_line()


if __name__ == "__main__":
    main()
