"""The command line `kiqa`: one module per command, each with add_options and run."""
