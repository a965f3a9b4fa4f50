"""The text files of which `retail-hub new-connector` makes a package."""
