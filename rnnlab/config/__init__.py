"""The typed config of every command, what is legal in it, and errors that name the key and the mend."""
