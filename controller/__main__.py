"""`fastserve` and `python -m controller`: the way in."""

from controller.cli import main

if __name__ == "__main__":
    main()
