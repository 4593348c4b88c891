"""`python -m labtool`: the same as the installed `labtool` command."""

from labtool.cli import main

if __name__ == "__main__":
    main()
