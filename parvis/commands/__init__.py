"""What each command of `parvis` does; `parvis.cli` reads the arguments."""
