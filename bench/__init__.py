"""What the engine does in a second, a millisecond and a megabyte, on this machine: `python -m bench`."""
