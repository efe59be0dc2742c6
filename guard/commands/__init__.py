"""The commands of the command line, a module for each; guard/cli.py adds them to its own."""
