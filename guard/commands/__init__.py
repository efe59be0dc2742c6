"""Commands of the command line that are more than a few lines; guard/cli.py adds each to its own."""
